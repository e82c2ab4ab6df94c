package main

import (
	"encoding/json"

	"bgtasks/lib/cli"
	"bgtasks/lib/payload"
	"bgtasks/lib/stream"
)

func eventsJSON(c *cli.Call, words []string) error {
	p, err := cli.Decode[payload.Events](c, words)
	if err != nil {
		return err
	}
	var data any
	switch {
	case p.Frames():
		data, err = gather(c, p)
	case p.Ack != nil:
		data, err = stream.Acknowledge(c, string(p.Consumer), int64(*p.Ack))
	case c.Opts.Stream:
		return follow(c, p)
	default:
		data, err = journal(c, p)
	}
	if frames, ok := data.(*eventsData); ok && err == nil && c.Opts.Stream {
		return frames.list.Stream(c)
	}
	if err != nil {
		return err
	}
	return c.Succeed(data)
}

// eventsData is what JSON mode tells of one task.
type eventsData struct {
	TaskID string         `json:"task_id"`
	Total  int            `json:"total"`
	Frames []stream.Frame `json:"frames"`

	list *stream.Frames
}

func gather(c *cli.Call, p *payload.Events) (*eventsData, error) {
	f, err := frames(c, p)
	if err != nil {
		return nil, err
	}
	return &eventsData{string(p.ID), len(f.List()), f.List(), f}, nil
}

// frames gives the task's status and the last lines of its log.
func frames(c *cli.Call, p *payload.Events) (*stream.Frames, error) {
	t, err := cli.LoadOne(c, string(p.ID))
	if err != nil {
		return nil, err
	}
	h, err := c.Home()
	if err != nil {
		return nil, err
	}
	lines, err := stream.LastLines(h, t, stream.AllOutput(), int(p.Lines))
	if err != nil {
		return nil, err
	}
	f := stream.NewFrames(t.ID)
	f.Add("task.status.snapshot", struct {
		Status string   `json:"status"`
		Task   cli.Told `json:"task"`
	}{string(t.Status), c.Tell(t)})
	f.AddLines(lines)
	return f, nil
}

// follow prints events as text mode does.
func follow(c *cli.Call, p *payload.Events) error {
	open := c.ExistingHome
	if p.Follow || p.Consumer != "" {
		open = c.Home
	}
	h, err := open()
	if h == nil || err != nil {
		return err
	}
	return stream.PrintJournal(c, h, stream.OptionsOf(&p.JournalPayload))
}

// journalData is what JSON mode tells of the journal.
type journalData struct {
	Consumer  string            `json:"consumer,omitempty"`
	Cursor    int64             `json:"cursor"` // from where to go on
	Total     int               `json:"total"`
	HasMore   bool              `json:"has_more"`
	Bootstrap *stream.Bootstrap `json:"bootstrap,omitempty"`
	Events    []json.RawMessage `json:"events"`
}

func journal(c *cli.Call, p *payload.Events) (*journalData, error) {
	if err := p.Streams(); err != nil {
		return nil, err
	}
	o := stream.OptionsOf(&p.JournalPayload)
	data := &journalData{Consumer: o.Consumer, Cursor: max(o.Cursor, 0), Events: []json.RawMessage{}}
	open := c.ExistingHome
	if o.Consumer != "" {
		open = c.Home
	}
	h, err := open()
	if h == nil || err != nil {
		return data, err
	}
	pages, err := stream.CollectJournal(c, h, o)
	if err != nil {
		return nil, err
	}
	data.Cursor, data.HasMore, data.Bootstrap = pages.Cursor, pages.More, pages.Bootstrap
	data.Events = append(data.Events, pages.Lines...)
	data.Total = len(data.Events)
	return data, nil
}
