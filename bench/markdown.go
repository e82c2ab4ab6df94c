package main

import (
	"fmt"
	"strings"
)

// spreadSays explains the columns once, for all tables.
const spreadSays = "Each table: runs, median with its 95 % confidence interval (none below six runs), p90 (of rates: what nine of ten runs reach), " +
	"and the ratio of the medians, contestant to bgtasks; ~ before it says that the runs show no difference (Mann-Whitney, 5 %). " +
	"Of times, memory and counts less is better, of rates and of what was achieved more. " +
	"Runs are interleaved, A B C A B C …; a contestant that used up its time in a scenario has fewer."

// markdown writes the report as one page.
func (r *report) markdown() string {
	var page strings.Builder
	fmt.Fprintf(&page, "# Benchmark of %s\n\n", r.Date.UTC().Format("2006-01-02 15:04 MST"))
	if r.Smoke {
		page.WriteString("A smoke run: it shows that the benchmark works. Its figures mean nothing.\n\n")
	}
	if r.Cut != "" {
		fmt.Fprintf(&page, "Interrupted %s.\n\n", r.Cut)
	}
	page.WriteString(r.Machine.markdown())
	page.WriteString(programTable(r.Programs))
	if short := r.summary(); short != "" {
		page.WriteString("## In short\n\n" + short)
	}
	page.WriteString("## In full\n\n" + spreadSays + "\n\n")
	for _, s := range r.Scenarios {
		page.WriteString(s.markdown())
	}
	page.WriteString(budgetTable(r.Budgets))
	return page.String()
}

func programTable(programs []program) string {
	var out strings.Builder
	out.WriteString("| program | version |\n|---|---|\n")
	for _, p := range programs {
		version := cell(p.Version)
		if p.Absent {
			version = "absent"
		}
		fmt.Fprintf(&out, "| %s | %s |\n", cell(p.Name), version)
	}
	return out.String() + "\n"
}

func (s *scenarioResult) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "## %s\n\n", s.Title)
	for _, m := range s.Metrics {
		out.WriteString(m.markdown())
	}
	out.WriteString(s.Measures + "\n\n")
	if s.Faster != "" {
		out.WriteString("Where others are faster: " + s.Faster + "\n\n")
	}
	return out.String()
}

func (m *metricResult) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "| %s | runs | median | p90 | ratio to bgtasks | remarks |\n|---|---:|---:|---:|---:|---|\n", cell(m.Name))
	shown := false
	for i := range m.Rows {
		if r := &m.Rows[i]; len(r.Samples) > 0 || r.State != stateMeasured {
			out.WriteString(r.markdown(m.Unit))
			shown = true
		}
	}
	if !shown {
		return ""
	}
	return out.String() + "\n"
}

func (r *row) markdown(u unit) string {
	if len(r.Samples) == 0 {
		return fmt.Sprintf("| %s | 0 | – | – | – | %s |\n", cell(r.Contestant), cell(joined(string(r.State), r.Reason)))
	}
	remarks := r.Note
	if r.State == stateFailed {
		remarks = joined(remarks, "then failed: "+r.Reason)
	}
	return fmt.Sprintf("| %s | %d | %s | %s | %s | %s |\n", cell(r.Contestant), len(r.Samples),
		r.medianCell(u), u.format(*r.P90), r.ratioCell(), cell(remarks))
}

// medianCell writes the median with its interval, as far as that is known.
func (r *row) medianCell(u unit) string {
	if r.Low == nil || r.High == nil {
		return u.format(*r.Median)
	}
	return fmt.Sprintf("%s (%s–%s)", u.format(*r.Median), u.format(*r.Low), u.format(*r.High))
}

// ratioCell writes the ratio, as far as it is known.
func (r *row) ratioCell() string {
	switch {
	case r.Contestant == ours:
		return "1"
	case r.Ratio == nil:
		return "–"
	case !r.Differs:
		return "~ " + digits(*r.Ratio)
	}
	return digits(*r.Ratio)
}

// joined puts a colon between two words if both are there.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ": " + b
}

// cell makes a text fit for a cell of a table: one line, bars escaped.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
