package main

import (
	"errors"

	"bgtasks/lib/cli"
	"bgtasks/lib/control"
	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
	"bgtasks/lib/watch"
)

// queueData is what JSON mode tells: where the queues stand when it is done.
type queueData struct {
	Queues []sched.Queue `json:"queues"`
	Kinds  []sched.Kind  `json:"kinds"`
}

// work does what a payload says.
func work(c *cli.Call, p *payload.Queue) (*queueData, error) {
	if c.Opts.Timed && p.Action != payload.QueueDrain {
		return nil, fault.Usage("--timeout is for drain")
	}
	h, err := c.Home()
	if err != nil {
		return nil, err
	}
	if err := act(c, h, p); err != nil {
		return nil, err
	}
	d := &queueData{}
	if d.Queues, d.Kinds, err = sched.List(h); err != nil {
		return nil, err
	}
	if d.Queues == nil {
		d.Queues = []sched.Queue{}
	}
	if d.Kinds == nil {
		d.Kinds = []sched.Kind{}
	}
	return d, nil
}

func act(c *cli.Call, h *store.Home, p *payload.Queue) error {
	if p.Action != payload.QueueList {
		if err := cli.Own(h); err != nil {
			return err
		}
	}
	switch p.Action {
	case payload.QueueSet:
		return set(h, p)
	case payload.QueuePause, payload.QueueResume:
		names, err := named(h, p)
		if err != nil {
			return err
		}
		if p.Action == payload.QueuePause {
			return control.Pause(c.Context(), h, names)
		}
		return sched.Resume(h, names)
	case payload.QueueDrain:
		err := control.Drain(c.Context(), h, string(p.Queue), c.Opts.Deadline())
		if errors.Is(err, watch.ErrTimeout) {
			return cli.QueueTimedOut(string(p.Queue), c.Opts)
		}
		return err
	case payload.QueueKick:
		return sched.Kick(h)
	}
	return nil
}

func set(h *store.Home, p *payload.Queue) error {
	if p.Slots != nil {
		if err := sched.Set(h, string(p.Queue), int(*p.Slots)); err != nil {
			return err
		}
	}
	if p.Limit != nil {
		return sched.SetLimit(h, string(p.Kind), int(*p.Limit))
	}
	return nil
}

// named gives the names of the queues that are meant.
func named(h *store.Home, p *payload.Queue) ([]string, error) {
	if !p.All {
		return p.Names(), nil
	}
	queues, _, err := sched.List(h)
	names := p.Names()
	for _, q := range queues {
		names = append(names, q.Name)
	}
	return names, err
}
