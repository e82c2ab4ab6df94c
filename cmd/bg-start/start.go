package main

import (
	"context"
	"os"

	"bgtasks/lib/cli"
	"bgtasks/lib/control"
	"bgtasks/lib/payload"
	"bgtasks/lib/sched"
)

// start does the verb's work for one payload.
func start(c *cli.Call, p *payload.Start) (*startData, error) {
	r := startAll(c, []cli.Item[payload.Start]{{Payload: p}})[0]
	return r.Data, r.Err
}

// startAll does the verb's work for a batch.
func startAll(c *cli.Call, items []cli.Item[payload.Start]) []cli.Outcome[*startData] {
	outcomes := make([]cli.Outcome[*startData], len(items))
	m := maker{call: c, environ: os.Environ()}
	var requests []*sched.Request
	var places []int
	for i, item := range items {
		r, err := m.request(item.Payload)
		items[i].Payload = nil // a batch may be large
		if outcomes[i].Err = err; err == nil {
			requests, places = append(requests, r), append(places, i)
		}
	}
	control.StartAll(contextFor(c, requests), m.home, requests, c.Opts.Concurrency, func(i int, r *sched.Result) {
		requests[i] = nil
		o := &outcomes[places[i]]
		if o.Err = r.Err; r.Err != nil {
			return
		}
		o.Data = &startData{answer: r}
		if c.JSON { // else the id is the answer
			o.Err = o.Data.complete(c, m.home)
		}
	})
	return outcomes
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
