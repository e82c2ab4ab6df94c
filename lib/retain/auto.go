package retain

import (
	"errors"
	"time"

	"bgtasks/lib/config"
	"bgtasks/lib/store"
)

const (
	hourly = time.Hour
	again  = 10 * time.Second // when there was more to do than one look does
	most   = 500              // tasks that one look removes: some tens of milliseconds
)

// IfDue does what the rules of config.json say, if nobody has within the hour and
// nobody does. It removes a bounded number of tasks; if there were more, the next
// look is due soon. The error is that of config.Load, with which nothing was
// removed, or of Run.
func IfDue(h *store.Home) (*Result, error) {
	none := &Result{}
	if !h.ClearDue(time.Now()) {
		return none, nil
	}
	lock, err := h.TryLockStamp()
	if errors.Is(err, store.ErrLocked) {
		return none, nil
	}
	if err != nil {
		return none, err
	}
	defer lock.Unlock()
	if !h.ClearDue(time.Now()) {
		return none, nil // another one has looked in between
	}
	// Before the work: who is killed over it is not followed by the next at once.
	if err := h.Stamp(hourly); err != nil {
		return none, err
	}
	c, err := config.Load(h.Path())
	if err != nil || c.Retention.Off() {
		return none, err
	}
	r, err := Run(h, Options{Rules: c.Retention, Most: most, Now: time.Now()})
	if err == nil && r.More {
		err = h.Stamp(again)
	}
	return r, err
}
