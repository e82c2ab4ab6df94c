package main

import (
	"context"
	"os"

	"bgtasks/lib/cli"
	"bgtasks/lib/control"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
)

// start does the verb's work for one payload.
func start(c *cli.Call, p *cli.StartPayload) (*startData, error) {
	r := startAll(c, []cli.Item[cli.StartPayload]{{Payload: p}})[0]
	return r.Data, r.Err
}

// startAll does the verb's work for a batch. What the scheduler wants it gets in
// one go, after the others, on which it may depend.
func startAll(c *cli.Call, items []cli.Item[cli.StartPayload]) []cli.Outcome[*startData] {
	results := make([]cli.Outcome[*startData], len(items))
	m := maker{call: c, environ: os.Environ()}
	var direct, scheduled []cli.Item[job]
	for i, item := range items {
		r, err := m.request(item.Payload)
		items[i].Payload = nil // a batch may be large
		j := cli.Item[job]{Payload: &job{r, m.home, &results[i]}}
		switch {
		case err != nil:
			results[i].Err = err
		case sched.Wanted(m.home, r):
			scheduled = append(scheduled, j)
		default:
			direct = append(direct, j)
		}
	}
	cli.WorkAll(c, direct, func(c *cli.Call, j *job) (struct{}, error) {
		startJobs(c, []cli.Item[job]{{Payload: j}})
		return struct{}{}, nil
	})
	startJobs(c, scheduled)
	return results
}

// job is a request that is worked on.
type job struct {
	*sched.Request
	home   *store.Home
	result *cli.Outcome[*startData]
}

// startJobs starts tasks, or makes them wait, in one go.
func startJobs(c *cli.Call, jobs []cli.Item[job]) {
	if len(jobs) == 0 {
		return
	}
	requests := make([]*sched.Request, len(jobs))
	for i, j := range jobs {
		requests[i] = j.Payload.Request
	}
	answers := control.StartAll(contextFor(c, requests), jobs[0].Payload.home, requests)
	for i, j := range jobs {
		j.Payload.Request = nil
		jobs[i].Err = answers[i].Err
		if j.Payload.result.Err = answers[i].Err; j.Payload.result.Err == nil {
			j.Payload.result.Data = &startData{answer: &answers[i]}
		}
	}
	if !c.JSON {
		return // the id is the answer
	}
	cli.WorkAll(c, jobs, func(c *cli.Call, j *job) (struct{}, error) {
		j.result.Err = j.result.Data.complete(c, j.home)
		return struct{}{}, nil
	})
}

// contextFor is the call's if there is something to wait for: for a task that
// another is just starting, or for the end of one that is superseded. A mere start
// is over soon, and leaves the signals as they are.
func contextFor(c *cli.Call, requests []*sched.Request) context.Context {
	for _, r := range requests {
		if r.Ensure || r.Spec.Supersedes() {
			return c.Context()
		}
	}
	return context.Background()
}
