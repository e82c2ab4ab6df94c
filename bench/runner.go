package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"
)

// patience is how long a single run may take before it is given up, settingUp how
// long what goes before the runs of a contestant may.
const (
	patience  = 100 * time.Second
	settingUp = 300 * time.Second
)

// runner runs scenarios and keeps what they found.
type runner struct {
	lab  *lab
	runs int       // of each contestant; 0 takes the scenario's own
	log  io.Writer // for people
}

// rival is a contestant with what has become of it so far.
type rival struct {
	contestant
	*entry
	state   state
	reason  string
	samples [][]float64 // by run, then by metric
	setUp   time.Duration
	spent   time.Duration // by its runs
}

// run sets up all contestants of a scenario, lets them run in turn, and takes them
// down again. One that fails drops out; only the end of ctx ends the scenario.
func (r *runner) run(ctx context.Context, s scenario) (scenarioResult, error) {
	began := time.Now()
	before := descendants()
	rivals := r.open(ctx, s)
	defer func() {
		if err := r.lab.clear(before); err != nil {
			fmt.Fprintf(r.log, "  left behind: %v\n", err)
		}
	}()
	defer closeAll(rivals)
	syncFiles() // nobody pays for what was written before
	rounds := r.rounds(s)
	for round := -warmups(rounds); round < rounds && ctx.Err() == nil; round++ {
		r.round(ctx, s, rivals, round)
	}
	result := s.result(rivals)
	result.Seconds = tenths(time.Since(began))
	fmt.Fprintf(r.log, "  %.1f s:%s\n", result.Seconds, slowest(rivals))
	return result, context.Cause(ctx)
}

// warmups is the number of runs that don't count: one, where there are many.
func warmups(rounds int) int {
	if rounds < 10 {
		return 0
	}
	return 1
}

func (r *runner) rounds(s scenario) int {
	switch {
	case r.lab.smoke:
		return s.smoke
	case r.runs > 0:
		return r.runs
	}
	return s.runs
}

func (r *runner) open(ctx context.Context, s scenario) (rivals []*rival) {
	for _, c := range s.contestants(r.lab) {
		v := &rival{contestant: c, state: stateMeasured}
		opening, cancel := context.WithTimeoutCause(ctx, settingUp, fmt.Errorf("not set up within %s", settingUp))
		began := time.Now()
		e, err := c.open(opening)
		cancel()
		v.setUp = time.Since(began)
		if err != nil {
			v.drop(err)
		} else {
			v.entry = e
		}
		rivals = append(rivals, v)
		if ctx.Err() != nil {
			break
		}
	}
	return rivals
}

// round lets each contestant run once. Rounds below 0 are not counted.
func (r *runner) round(ctx context.Context, s scenario, rivals []*rival, number int) {
	if s.together {
		var all sync.WaitGroup
		for _, v := range rivals {
			all.Go(func() { v.runOnce(ctx, s, number) })
		}
		all.Wait()
		return
	}
	for _, v := range rivals {
		if s.flush {
			syncFiles()
		}
		before := descendants()
		v.runOnce(ctx, s, number)
		if v.entry == nil || v.lasting {
			continue
		}
		if err := r.lab.settle(ctx, before); err != nil {
			fmt.Fprintf(r.log, "  %s left a process: %v\n", v.name, err)
			r.lab.clear(before)
		}
	}
}

// runOnce makes one run, if the contestant is still in and has time left. A warm-up
// that takes long counts: there are few runs then, and they are warm soon.
func (v *rival) runOnce(ctx context.Context, s scenario, number int) {
	if v.state != stateMeasured || ctx.Err() != nil || v.spent > s.limit {
		return
	}
	running, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("not done within %s", patience))
	defer cancel()
	began := time.Now()
	values, err := v.once(running)
	took := time.Since(began)
	counts := number >= 0 || took > s.limit/10
	if counts {
		v.spent += took
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		v.drop(err)
	case counts:
		v.samples = append(v.samples, values)
	}
}

// drop ends a contestant's part and keeps the reason.
func (v *rival) drop(err error) {
	v.reason = err.Error()
	var missing absentError
	switch {
	case errors.As(err, &missing):
		v.state, v.reason = stateAbsent, ""
	case errors.Is(err, errUnavailable):
		v.state = stateUnavailable
		v.reason = strings.TrimPrefix(v.reason, errUnavailable.Error()+": ")
	default:
		v.state = stateFailed
	}
}

// tenths is a duration in seconds, as exactly as is of interest.
func tenths(d time.Duration) float64 { return math.Round(d.Seconds()*10) / 10 }

// slowest names those that took more than a few seconds.
func slowest(rivals []*rival) (text string) {
	for _, v := range rivals {
		if v.setUp+v.spent > 5*time.Second {
			text += fmt.Sprintf(" %s %.0f s", v.name, tenths(v.setUp+v.spent))
		}
	}
	return text
}

func closeAll(rivals []*rival) {
	for _, v := range rivals {
		if v.entry != nil && v.close != nil {
			v.close()
		}
	}
}

// absentError names a program that isn't installed.
type absentError string

func (e absentError) Error() string { return string(e) + " is not installed" }

// result makes the tables of a scenario.
func (s scenario) result(rivals []*rival) scenarioResult {
	result := scenarioResult{Name: s.name, Title: s.title, Measures: s.measures, Faster: s.faster, Size: s.size}
	for i, m := range s.metrics {
		table := metricResult{Name: m.name, Unit: m.unit}
		for _, v := range rivals {
			table.Rows = append(table.Rows, v.row(i))
		}
		table.summarise()
		result.Metrics = append(result.Metrics, table)
	}
	return result
}

func (v *rival) row(metric int) row {
	values := make([]float64, 0, len(v.samples))
	for _, sample := range v.samples {
		if !math.IsNaN(sample[metric]) { // it was not measured
			values = append(values, sample[metric])
		}
	}
	return row{Contestant: v.name, Note: v.note, State: v.state, Reason: v.reason, Seconds: tenths(v.setUp + v.spent), Samples: values}
}
