package control

import (
	"fmt"
	"os/user"
	"strconv"
	"strings"

	"bgtasks/lib/proc"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Refused is a process of a tree that belongs to another user, so that the supervisor
// may not signal it.
type Refused struct {
	PID  int    `json:"pid"`
	User string `json:"user"` // its name or number; "" if /proc does not show the process
	Name string `json:"name"` // of its program, likewise
}

func (r Refused) String() string {
	if r.User == "" {
		return fmt.Sprintf("%d (of another user, hidden from you)", r.PID)
	}
	return fmt.Sprintf("%d (%s, of user %s)", r.PID, r.Name, r.User)
}

// refusal is the error of a stop that can't go on: whatever is left of the tree may not
// be signalled. It is nil while something else is left, or one of these has just ended.
func refusal(h *store.Home, t *view.Task) error {
	pids := refusing(h, t)
	if len(pids) == 0 {
		return nil
	}
	e := &StopError{ID: t.ID}
	words := make([]string, 0, len(pids))
	for _, pid := range pids {
		r := Refused{PID: pid}
		if !elsewhere(t) && !r.describe() {
			return nil
		}
		e.Refused = append(e.Refused, r)
		words = append(words, r.String())
	}
	e.Why = "not permitted to signal what is left of it: " + strings.Join(words, ", ")
	return e
}

// describe fills in what can be known of the process, and tells whether it lives.
func (r *Refused) describe() (lives bool) {
	now, err := proc.ReadStat(r.PID)
	if uid, name, ok := proc.Owner(r.PID); ok {
		r.User, r.Name = userName(uid), name
	}
	return !now.Ended() && (err == nil || proc.IsRefusal(err))
}

// refusing is what the shim says of it. What is left of a run whose end is recorded is
// looked for.
func refusing(h *store.Home, t *view.Task) []int {
	switch {
	case t.Current == nil:
		return nil
	case !t.Terminal():
		return t.Current.Refused
	}
	live := survivors(h, t)
	if pids := proc.Refusing(live); len(pids) == len(live) {
		return pids
	}
	return nil
}

func userName(uid int) string {
	number := strconv.Itoa(uid)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return number
}
