package main

import (
	"bgtasks/lib/cli"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

func eventsJSON(c *cli.Call, words []string) error {
	if c.Opts.Stream {
		return cli.Streamed(frames)(c, words)
	}
	return cli.One(events)(c, words)
}

// eventsData is what JSON mode tells.
type eventsData struct {
	TaskID string      `json:"task_id"`
	Total  int         `json:"total"`
	Frames []cli.Frame `json:"frames"`
}

func events(c *cli.Call, p *cli.EventsPayload) (*eventsData, error) {
	f, err := frames(c, p)
	if err != nil {
		return nil, err
	}
	return &eventsData{string(p.ID), len(f.List()), f.List()}, nil
}

// frames gives the task's status and the last lines of its log.
func frames(c *cli.Call, p *cli.EventsPayload) (*cli.Frames, error) {
	t, err := c.LoadOne(string(p.ID))
	if err != nil {
		return nil, err
	}
	h, err := c.Home()
	if err != nil {
		return nil, err
	}
	lines, err := cli.LastLines(h, t.ID, store.OutputStem, int(p.Lines))
	if err != nil {
		return nil, err
	}
	f := cli.NewFrames(t.ID)
	f.Add("task.status.snapshot", struct {
		Status string     `json:"status"`
		Task   *view.Task `json:"task"`
	}{string(t.Status), t})
	f.AddLines(lines.Lines)
	return f, nil
}
