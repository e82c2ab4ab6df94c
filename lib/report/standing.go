package report

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// Origin is the attempt that a report comes from. A number that is 0 is not
// known: the report is about whichever attempt is under way. Token is that of the
// run, "" if it is not known.
type Origin struct {
	Run, Attempt int
	Token        string
}

// RefusedError says why nothing can be reported about a task now.
type RefusedError struct {
	ID    string
	Why   string
	State record.LifeState // as it is now; "" before the first
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("task %q takes no report: %s", e.ID, e.Why)
}

// standing is where a task stands to a report.
type standing int

const (
	underWay standing = iota
	early             // the state of the attempt was not recorded yet
	refused
)

// judge tells whether a report from an attempt counts, state being the task's
// own, nil if it is not known yet. Otherwise it says why not.
func judge(state *record.State, from Origin) (standing, string) {
	if state == nil {
		return before(from)
	}
	switch order := from.compare(state); {
	case order < 0:
		return refused, from.over()
	case order > 0:
		return early, ""
	}
	switch state.State {
	case record.Queued, record.Claimed:
		return before(from)
	case record.Retrying:
		return refused, "it waits for its next attempt"
	}
	if state.State.Terminal() {
		return refused, "it has ended (" + string(state.State) + ")"
	}
	return underWay, ""
}

// stands judges a report about a task with these records. A process of a home that was
// moved finds another task of the same name in the old place: that one is none of its
// business.
func (r *Report) stands(spec *record.Spec, state *record.State) (standing, string) {
	stands, why := judge(state, r.From)
	if stands == underWay && r.From.Token != "" && spec.RunToken != "" && r.From.Token != spec.RunToken {
		return refused, "it is another task, or another run, than the one that reports"
	}
	return stands, why
}

// before tells of a task that has no state but a waiting one: who reports from
// within knows better, and is only quicker than the supervisor's record.
func before(from Origin) (standing, string) {
	if from.Run > 0 {
		return early, ""
	}
	return refused, "it has not started yet"
}

// compare tells whether the origin is older than the state's attempt (-1), or
// newer (1).
func (o Origin) compare(s *record.State) int {
	if o.Run == 0 {
		return 0
	}
	if o.Run != s.Run || o.Attempt == 0 {
		return cmp.Compare(o.Run, s.Run)
	}
	return cmp.Compare(o.Attempt, s.Attempt)
}

func (o Origin) over() string {
	if o.Attempt <= 1 {
		return fmt.Sprintf("its run %d is over", o.Run)
	}
	return fmt.Sprintf("attempt %d of its run %d is over", o.Attempt, o.Run)
}

// grace is how long a task's first report waits for the record of its start,
// which its supervisor writes at the same time. Healing is then tried, too.
const grace = 10 * time.Second

// records reads the task that the report is about, and waits for the record of
// the attempt that it comes from.
func (r *Report) records(h *store.Home) (*record.Spec, *record.State, error) {
	spec, state, err := view.Records(h, r.ID)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = heal.Load(h, r.ID) // it knows what may have been meant
		return nil, nil, cmp.Or(err, error(&view.NotFoundError{ID: r.ID}))
	}
	if err != nil {
		return nil, nil, err
	}
	stands, why := r.stands(spec, state)
	if stands == early {
		if spec, state, err = r.await(h); err != nil {
			return nil, nil, err
		}
		stands, why = r.stands(spec, state)
	}
	if stands == underWay {
		return spec, state, nil
	}
	return nil, nil, r.refuse(state, why)
}

// await waits until the attempt's start is recorded. Who interrupts it ends the
// process, and leaves a bell for the next ringer to take down: to catch signals
// would cost every report a tenth of its time.
func (r *Report) await(h *store.Home) (*record.Spec, *record.State, error) {
	known := func(t *view.Task) bool {
		stands, _ := judge(t.Current, r.From)
		return stands != early || t.Unreadable != nil
	}
	_, err := watch.Until(context.Background(), h, []string{r.ID}, time.Now().Add(grace), known, false)
	if err != nil && !errors.Is(err, watch.ErrTimeout) {
		return nil, nil, err
	}
	return view.Records(h, r.ID)
}

func (r *Report) refuse(state *record.State, why string) error {
	e := &RefusedError{ID: r.ID, Why: cmp.Or(why, "its start is not recorded")}
	if state != nil {
		e.State = state.State
	}
	return e
}
