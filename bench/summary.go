package main

import (
	"fmt"
	"strings"
)

// summaryColumns are the contestants of the summary: those that most people know.
var summaryColumns = []string{ours, "setsid -f", "nq", "tsp", "systemd-run --user", "supervisor", "pm2", "pueue"}

// summaryRows are the figures of the summary, each by its scenario and metric, and
// other names that a column's tool may go by there.
var summaryRows = []struct {
	title, scenario, metric string
	also                    map[string]string
}{
	{title: "start of `true`", scenario: scenarioStart, metric: metricReturn},
	{title: "exit until the waiter returns", scenario: scenarioWait, metric: metricReturn,
		also: map[string]string{"systemd-run --user": "systemd-run --user --wait"}},
	{title: "2 GiB of output, as fast as the task can write it (bgtasks keeps 128 MiB)", scenario: scenarioLarge, metric: metricTaken},
	{title: "memory of supervision, 1 task", scenario: idleName(1), metric: metricRSS},
	{title: "private memory a task, of 100", scenario: idleName(100), metric: metricPrivate},
	{title: "wake-ups in 10 idle seconds", scenario: scenarioWakeups, metric: metricWakeups},
	{title: "1,000 starts in one call", scenario: scenarioBatch, metric: metricRate,
		also: map[string]string{"setsid -f": "setsid -f, in a loop"}},
	{title: "10,000 tasks into a queue", scenario: scenarioEnqueue, metric: metricRate},
	{title: "from one task to the next, 100 waiting", scenario: dispatchName(100), metric: metricDispatch},
	{title: "the same, 100,000 waiting", scenario: dispatchName(100_000), metric: metricDispatch},
	{title: "list of 100 finished", scenario: populationName(100), metric: metricList},
	{title: "list of 10,000 finished", scenario: populationName(10_000), metric: metricList},
	{title: "list of 10 that run, beside 100,000", scenario: populationName(100_000), metric: metricRunning},
	{title: "status of one among 100,000", scenario: populationName(100_000), metric: metricStatus},
}

// summary is one table of medians, without spread. What was not measured has no row.
func (r *report) summary() string {
	var out strings.Builder
	fmt.Fprintf(&out, "| median |%s\n|---|%s\n", cells(summaryColumns), strings.Repeat("---:|", len(summaryColumns)))
	rows := 0
	for _, s := range summaryRows {
		m := r.metric(s.scenario, s.metric)
		if m == nil {
			continue
		}
		rows++
		figures := make([]string, len(summaryColumns))
		for i, name := range summaryColumns {
			figures[i] = "–"
			if other := s.also[name]; other != "" {
				name = other
			}
			if found := m.row(name); found != nil && found.Median != nil {
				figures[i] = m.Unit.format(*found.Median)
			}
		}
		fmt.Fprintf(&out, "| %s |%s\n", cell(s.title), cells(figures))
	}
	if rows == 0 {
		return ""
	}
	return out.String() + "\n"
}

// cells writes the rest of a table's line.
func cells(texts []string) string {
	var out strings.Builder
	for _, text := range texts {
		out.WriteString(" " + cell(text) + " |")
	}
	return out.String()
}
