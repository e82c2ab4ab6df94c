package main

import (
	"slices"

	"gonum.org/v1/plot/plotter"
)

// scalingPanels names the metrics that are drawn against the number of tasks.
var scalingPanels = []struct{ metric, title string }{
	{metricStartBeside, "start, beside so many finished tasks"},
	{metricList, "list so many finished tasks"},
	{metricStatus, "status of one among so many"},
	{metricDispatch, "dispatch, so many waiting"},
}

// scaling collects what there is to draw: for each of the metrics the contestants
// that were measured at two numbers of tasks at least, ours first.
func (r *report) scaling() (panels []panel) {
	for _, want := range scalingPanels {
		drawn := panel{Title: want.title}
		for _, s := range r.Scenarios {
			for _, m := range s.Metrics {
				if s.Size > 0 && m.Name == want.metric {
					drawn.Unit = m.Unit
					drawn.add(s.Size, m.Rows)
				}
			}
		}
		drawn.Series = slices.DeleteFunc(drawn.Series, func(s series) bool { return len(s.Points) < 2 })
		if len(drawn.Series) > 0 {
			panels = append(panels, drawn)
		}
	}
	return panels
}

// add puts the medians of one table into the panel.
func (p *panel) add(size int, rows []row) {
	for _, r := range rows {
		if r.Median == nil || *r.Median <= 0 {
			continue
		}
		at := slices.IndexFunc(p.Series, func(s series) bool { return s.Name == r.Contestant })
		if at < 0 {
			at = len(p.Series)
			p.Series = append(p.Series, series{Name: r.Contestant})
		}
		p.Series[at].Points = append(p.Series[at].Points, plotter.XY{X: float64(size), Y: *r.Median})
	}
}
