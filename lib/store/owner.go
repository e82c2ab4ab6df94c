package store

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

// OwnerFile names the host that a home belongs to.
const OwnerFile = "OWNER"

// Owner is the host that a home belongs to, as it was when a command last wrote it
// down. Locks, FIFOs and processes are of its kernel: from another one they can't be
// seen, whatever the files say.
type Owner struct {
	BootID  string
	Machine string // the machine's own id; "" if it has none
	Node    string // its name in the network
	// Taker is the process that took the home over, on purpose: whatever was started
	// before, and can't be seen, is gone. It is zero if nobody did in this boot.
	Taker record.Process
}

// SameHost tells whether two owners are one host, perhaps in two boots.
func (o *Owner) SameHost(other *Owner) bool {
	return o.Machine == other.Machine && o.Node == other.Node
}

// nothing stands for an empty word of the line.
const nothing = "-"

// Owner reads whose the home is. It is nil if that is not written down, or not in a way
// that can be read: a home of an older version is nobody's.
func (h *Home) Owner() *Owner {
	raw, err := fsys.ReadFile(filepath.Join(h.path, OwnerFile))
	if err != nil {
		return nil
	}
	return parseOwner(string(raw))
}

func parseOwner(text string) *Owner {
	line, whole := strings.CutSuffix(text, "\n")
	words := strings.SplitN(line, " ", 7)
	if !whole || len(words) != 7 || strings.Contains(line, "\n") {
		return nil
	}
	pid, err := strconv.Atoi(words[2])
	var numbers [3]uint64
	for i, word := range words[3:6] {
		if err == nil {
			numbers[i], err = strconv.ParseUint(word, 10, 64)
		}
	}
	if err != nil || words[0] == "" {
		return nil
	}
	o := &Owner{BootID: words[0], Machine: words[1], Node: words[6]}
	if o.Machine == nothing {
		o.Machine = ""
	}
	if pid != 0 {
		o.Taker = record.Process{BootID: o.BootID, PID: pid, StartTicks: numbers[0], PIDNS: numbers[1], TimeNS: numbers[2]}
	}
	return o
}

func (o *Owner) line() string {
	machine := o.Machine
	if machine == "" {
		machine = nothing
	}
	words := []string{o.BootID, machine, strconv.Itoa(o.Taker.PID)}
	for _, n := range []uint64{o.Taker.StartTicks, o.Taker.PIDNS, o.Taker.TimeNS} {
		words = append(words, strconv.FormatUint(n, 10))
	}
	return strings.Join(append(words, o.Node), " ") + "\n"
}

// SetOwner writes down whose the home is. It is not synced: a line that a power failure
// empties is as good as none.
func (h *Home) SetOwner(o *Owner) error {
	return ReplaceUnsynced(filepath.Join(h.path, OwnerFile), []byte(o.line()))
}

// LeaveTo makes h the home of another host: it can be read, and nothing more.
func (h *Home) LeaveTo(o *Owner) { h.away = &AwayError{h.path, o.Node} }

// Away is an *AwayError if the home belongs to another host: nothing in it may be
// healed, locked, started, signalled or journalled from here.
func (h *Home) Away() error {
	if h.away == nil {
		return nil
	}
	return h.away
}

// Host is the name of the host that the home belongs to, if that is another one.
func (h *Home) Host() string {
	if h.away == nil {
		return ""
	}
	return h.away.Host
}

// NothingMarked tells whether no task is marked as open.
func (h *Home) NothingMarked() bool {
	live, err := h.LiveIDs()
	return (err == nil || errors.Is(err, fs.ErrNotExist)) && len(live) == 0
}
