package main

import (
	"errors"

	"bgtasks/lib/cli"
	"bgtasks/lib/control"
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
func work(c *cli.Call, p *cli.QueuePayload) (*queueData, error) {
	if c.Opts.Timed && p.Action != cli.QueueDrain {
		return nil, cli.Usage("--timeout is for drain")
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

func act(c *cli.Call, h *store.Home, p *cli.QueuePayload) error {
	if p.Action != cli.QueueList {
		if err := cli.Own(h); err != nil {
			return err
		}
	}
	switch p.Action {
	case cli.QueueSet:
		return set(h, p)
	case cli.QueuePause, cli.QueueResume:
		names, err := named(h, p)
		if err != nil {
			return err
		}
		if p.Action == cli.QueuePause {
			return control.Pause(c.Context(), h, names)
		}
		return sched.Resume(h, names)
	case cli.QueueDrain:
		err := control.Drain(c.Context(), h, string(p.Queue), c.Opts.Deadline())
		if errors.Is(err, watch.ErrTimeout) {
			return cli.QueueTimedOut(string(p.Queue), c.Opts)
		}
		return err
	case cli.QueueKick:
		return sched.Kick(h)
	}
	return nil
}

func set(h *store.Home, p *cli.QueuePayload) error {
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
func named(h *store.Home, p *cli.QueuePayload) ([]string, error) {
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
