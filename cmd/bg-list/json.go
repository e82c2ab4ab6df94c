package main

import (
	"bgtasks/lib/cli"
	"bgtasks/lib/find"
	"bgtasks/lib/payload"
)

// listData is what JSON mode tells.
type listData struct {
	Total     int             `json:"total"` // of all that match, on whatever page
	Tasks     []cli.Told      `json:"tasks"`
	Aggregate *find.Aggregate `json:"aggregate,omitempty"`
	NotFound  []string        `json:"not_found,omitempty"` // words of the command line
}

func list(c *cli.Call, l *payload.Listing) (*listData, error) {
	page, err := cli.LoadPage(c, l, cli.ShowAll)
	if err != nil {
		return nil, err
	}
	for _, t := range page.Tasks {
		_ = cli.AddSteps(c, &l.Steps, t) // the task itself is there all the same
	}
	return &listData{Total: page.Total, Tasks: c.TellAll(page.Tasks), Aggregate: page.Aggregate}, nil
}
