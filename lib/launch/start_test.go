package launch_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"bgtasks/lib/control"
	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/view"
	"bgtasks/lib/watch"
)

// simple is a task that is started at once.
func simple(script string) *launch.Request {
	r := request(script)
	r.Spec.Schedule, r.Spec.Retry = nil, record.Retry{}
	return r
}

// The number of a run is made from the run before it: another one that began
// meanwhile is noticed, and nothing is replaced or said then.
func TestStartOverAnotherRun(t *testing.T) {
	w := newWorld(t)
	start := func(r *launch.Request) error {
		t.Helper()
		err := launch.Start(w.home, r)
		w.await("web", in(record.Succeeded))
		return err
	}
	if err := start(simple("echo one")); err != nil {
		t.Fatal(err)
	}
	first := launch.SpecAt(w.home, "web")
	late := simple("echo late")
	if err := start(late); !errors.Is(err, launch.ErrMoved) {
		t.Errorf("Start for one who saw no task = %v, want ErrMoved", err)
	}
	second := simple("echo two")
	second.Spec.FirstRun, second.Replaces = 2, first
	if err := start(second); err != nil {
		t.Errorf("Start for one who saw run 1 = %v, want none", err)
	}
	late.Spec.FirstRun, late.Replaces = 2, first
	if err := start(late); !errors.Is(err, launch.ErrMoved) {
		t.Errorf("Start for one who saw run 1 before run 2 = %v, want ErrMoved", err)
	}
	if task, log := w.load("web"), w.file("web", "output.log"); task.Run != 2 || log != "two\n" {
		t.Errorf("the task is at run %d and wrote %q, want 2 and two", task.Run, log)
	}
}

// An id and a run stand for one run for ever, however many start at once.
func TestRunsOfOneIDAreUnique(t *testing.T) {
	w := newWorld(t)
	var starters sync.WaitGroup
	for range 4 {
		starters.Go(func() {
			for range 10 {
				var err error
				request := &sched.Request{Request: *simple("exit 0")}
				control.StartAll(t.Context(), w.home, []*sched.Request{request}, 1, func(_ int, r *sched.Result) { err = r.Err })
				if exists := (*launch.ExistsError)(nil); err != nil && !errors.As(err, &exists) {
					t.Errorf("Start: %v", err)
				}
				// All go on together, when the task is over for one of them.
				_, err = watch.Until(context.Background(), w.home, []string{"web"}, time.Now().Add(patience),
					func(t *view.Task) bool { return t.Terminal() }, false)
				if missing := (*view.NotFoundError)(nil); err != nil && !errors.As(err, &missing) {
					t.Errorf("Until: %v", err)
				}
			}
		})
	}
	starters.Wait()
	w.await("web", in(record.Succeeded))
	began := map[int]int{}
	for _, e := range w.told("web") {
		if e.Name == record.EventStarted {
			began[e.State.Run]++
		}
	}
	for run, times := range began {
		if times != 1 {
			t.Errorf("run %d has begun %d times, want once", run, times)
		}
	}
	if len(began) < 2 {
		t.Errorf("%d runs have begun, want several", len(began))
	}
}
