package heal

import (
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Settle finds out whether the home belongs to this host (P15), and makes it a home that
// can only be read if it does not: see [store.Home.Away]. One boot is one kernel,
// whichever container asks; another boot of the same host owns the home on.
//
// Who writes, writes down whose the home is, if that has changed. It also takes a home
// over in which no task is open and no process of one can be left: nothing there could
// be mistaken.
func Settle(h *store.Home, writes bool) {
	here, err := thisHost()
	if err != nil {
		return // then nothing is taken for another boot's either
	}
	owner := h.Owner()
	switch {
	case owner != nil && owner.BootID == here.BootID:
		return
	case owner == nil || owner.SameHost(here):
	case !writes || !idle(h):
		h.LeaveTo(owner)
		return
	}
	if writes {
		_ = h.SetOwner(here) // in a home that can't be written to nothing goes wrong by it
	}
}

// TakeOver makes the home this host's, whatever is open in it: what was started before,
// and can't be seen from here, counts as gone. Only a person can know that.
func TakeOver(h *store.Home) error {
	here, err := thisHost()
	if err != nil {
		return err
	}
	self, err := proc.Self()
	if err != nil {
		return err
	}
	here.Taker = record.Process(self)
	return h.SetOwner(here)
}

func thisHost() (*store.Owner, error) {
	boot, err := proc.BootID()
	if err != nil {
		return nil, err
	}
	machine, node := proc.Host()
	return &store.Owner{BootID: boot, Machine: machine, Node: node}, nil
}

// idle tells whether, by all records, no process of a task can be left.
func idle(h *store.Home) bool {
	if !h.NothingMarked() {
		return false
	}
	ids, err := h.IDs()
	if err != nil {
		return false
	}
	for _, id := range ids {
		_, state, err := view.Records(h, id)
		if err != nil || state == nil || !state.State.Terminal() || state.Leftovers > 0 {
			return false
		}
	}
	return true
}
