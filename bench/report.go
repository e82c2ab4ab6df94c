package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/perf/benchmath"
)

// ours is the name that the suite has in every table. Ratios are to it.
const ours = "bgtasks"

// report is all that a run of the benchmark found.
type report struct {
	V         int              `json:"v"`
	Date      time.Time        `json:"date"`
	Smoke     bool             `json:"smoke"`
	Cut       string           `json:"cut,omitempty"` // how far it came, if it was interrupted
	Machine   machine          `json:"machine"`
	Programs  []program        `json:"programs"`
	Scenarios []scenarioResult `json:"scenarios"`
	Budgets   []budgetResult   `json:"budgets"`
}

// program is one that took part, or would have.
type program struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Absent  bool   `json:"absent"`
}

type scenarioResult struct {
	Name     string         `json:"name"`
	Title    string         `json:"title"`
	Measures string         `json:"measures"`
	Faster   string         `json:"faster,omitempty"`
	Size     int            `json:"size,omitempty"`
	Seconds  float64        `json:"seconds"`
	Metrics  []metricResult `json:"metrics"`
}

type metricResult struct {
	Name string `json:"name"`
	Unit unit   `json:"unit"`
	Rows []row  `json:"rows"`
}

// state says what became of a contestant.
type state string

// The states of a contestant. One that is absent isn't installed; one that is
// unavailable has not got the verb or flag that the scenario needs.
const (
	stateMeasured    state = "measured"
	stateAbsent      state = "absent"
	stateUnavailable state = "not available"
	stateFailed      state = "failed"
)

// row is one contestant's figures of one metric. What isn't known is null.
type row struct {
	Contestant string    `json:"contestant"`
	Note       string    `json:"note,omitempty"`
	State      state     `json:"state"`
	Reason     string    `json:"reason,omitempty"`
	Seconds    float64   `json:"seconds"` // all its runs, and what went before them
	Samples    []float64 `json:"samples"`
	Median     *float64  `json:"median"`
	Low        *float64  `json:"low"` // of the interval of the median
	High       *float64  `json:"high"`
	P90        *float64  `json:"p90"`
	Ratio      *float64  `json:"ratio"`
	Differs    bool      `json:"differs"` // from the suite, as far as the runs tell
}

// known makes a number that JSON can hold: null for what isn't one.
func known(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// summarise fills in the figures of all rows from their samples. The bad tenth of a
// rate is its lowest one, so that p90 is the value that nine of ten runs reach.
func (m *metricResult) summarise() {
	tail := 0.9
	if m.Unit.higherIsBetter() {
		tail = 0.1
	}
	reference := m.row(ours)
	for i := range m.Rows {
		r := &m.Rows[i]
		if len(r.Samples) == 0 {
			continue
		}
		sample := sampleOf(r.Samples)
		of := benchmath.AssumeNothing.Summary(sample, confidence)
		r.Median, r.Low, r.High, r.P90 = known(of.Center), known(of.Lo), known(of.Hi), known(quantile(sample, tail))
		if reference == nil || len(reference.Samples) == 0 || r == reference {
			continue
		}
		theirs := sampleOf(reference.Samples)
		r.Ratio, r.Differs = known(of.Center/quantile(theirs, 0.5)), differ(sample, theirs)
	}
}

// row finds a contestant by its name; nil if it took no part.
func (m *metricResult) row(contestant string) *row {
	for i := range m.Rows {
		if m.Rows[i].Contestant == contestant {
			return &m.Rows[i]
		}
	}
	return nil
}

// median finds one figure of the report; false if it was not measured.
func (r *report) median(scenario, metric, contestant string) (float64, bool) {
	m := r.metric(scenario, metric)
	if m == nil {
		return 0, false
	}
	found := m.row(contestant)
	if found == nil || found.Median == nil {
		return 0, false
	}
	return *found.Median, true
}

// metric finds the table of a scenario's metric; nil if it was not measured.
func (r *report) metric(scenario, metric string) *metricResult {
	for _, s := range r.Scenarios {
		for i := range s.Metrics {
			if s.Name == scenario && s.Metrics[i].Name == metric {
				return &s.Metrics[i]
			}
		}
	}
	return nil
}

// oursFailed names the scenarios in which the suite itself failed. A build that is
// measured may lack what they need, but not the one that a smoke run is for.
func (r *report) oursFailed() (names []string) {
	for _, s := range r.Scenarios {
		for _, m := range s.Metrics {
			if found := m.row(ours); found != nil && (found.State == stateFailed || r.Smoke && found.State == stateUnavailable) {
				names = append(names, s.Name+" ("+found.Reason+")")
				break
			}
		}
	}
	return names
}

// write puts the report into a directory: bench.json, bench.md and, if there is
// something to draw, scaling.svg. What was there under these names is replaced.
func (r *report) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the directory of the results: %w", err)
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the results: %w", err)
	}
	files := map[string]string{"bench.json": string(data) + "\n", "bench.md": r.markdown()}
	if drawn := r.scaling(); len(drawn) > 0 {
		if files["scaling.svg"], err = drawPanels(drawn); err != nil {
			return err
		}
	} else {
		_ = os.Remove(filepath.Join(dir, "scaling.svg")) // of other results
	}
	for name, text := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	return err
}
