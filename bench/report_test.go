package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSummarise(t *testing.T) {
	m := metricResult{Name: "x", Unit: seconds, Rows: []row{
		{Contestant: "peer", State: stateMeasured, Samples: []float64{4, 4, 4, 4, 4, 4}},
		{Contestant: ours, State: stateMeasured, Samples: []float64{2, 1, 2, 2, 2, 3}},
		{Contestant: "missing", State: stateAbsent},
		{Contestant: "few", State: stateMeasured, Samples: []float64{3}},
	}}
	m.summarise()
	peer, us, missing, few := m.Rows[0], m.Rows[1], m.Rows[2], m.Rows[3]
	if *peer.Median != 4 || *peer.Ratio != 2 || !peer.Differs {
		t.Errorf("peer = %+v, want a median of 4 and a ratio of 2", peer)
	}
	if *us.Median != 2 || us.Ratio != nil || *us.Low != 1 || *us.High != 3 || *us.P90 < 2 || *us.P90 > 3 {
		t.Errorf("ours = %+v, want a median of 2 in 1 to 3, a p90 from 2 to 3 and no ratio to itself", us)
	}
	if few.Low != nil || few.Differs || *few.Ratio != 1.5 {
		t.Errorf("one run = %+v, want no interval and no difference", few)
	}
	if missing.Median != nil || missing.Ratio != nil {
		t.Errorf("the absent one = %+v, want no figures", missing)
	}
}

func TestSummariseTakesTheBadTailOfRates(t *testing.T) {
	m := metricResult{Unit: perSecond, Rows: []row{{Contestant: ours, Samples: []float64{0, 10}}}}
	m.summarise()
	if got := *m.Rows[0].P90; got != 0 {
		t.Errorf("p90 of a rate of 0 and 10 = %v, want 0", got)
	}
}

func TestSummariseWithoutUs(t *testing.T) {
	m := metricResult{Unit: seconds, Rows: []row{{Contestant: ours, State: stateUnavailable}, {Contestant: "peer", Samples: []float64{1}}}}
	m.summarise()
	if r := m.Rows[1]; r.Ratio != nil || *r.Median != 1 {
		t.Errorf("peer = %+v, want a median and no ratio", r)
	}
}

func TestSummary(t *testing.T) {
	start := metricResult{Name: metricReturn, Unit: seconds, Rows: []row{
		{Contestant: "setsid -f", State: stateMeasured, Samples: []float64{0.001}},
		{Contestant: ours, State: stateMeasured, Samples: []float64{0.006}},
		{Contestant: "pm2", State: stateAbsent},
	}}
	wait := metricResult{Name: metricReturn, Unit: seconds, Rows: []row{
		{Contestant: "systemd-run --user --wait", State: stateMeasured, Samples: []float64{0.02}}}}
	start.summarise()
	wait.summarise()
	r := &report{Scenarios: []scenarioResult{{Name: scenarioWait, Metrics: []metricResult{wait}}, {Name: scenarioStart, Metrics: []metricResult{start}}}}
	want := "| median | bgtasks | setsid -f | nq | tsp | systemd-run --user | supervisor | pm2 | pueue |\n" +
		"|---|---:|---:|---:|---:|---:|---:|---:|---:|\n" +
		"| start of `true` | 6 ms | 1 ms | – | – | – | – | – | – |\n" +
		"| exit until the waiter returns | – | – | – | – | 20 ms | – | – | – |\n\n"
	if got := r.summary(); got != want {
		t.Errorf("summary = %s, want %s", got, want)
	}
	if got := (&report{}).summary(); got != "" {
		t.Errorf("summary of nothing = %s, want none", got)
	}
}

// sampleReport has one of everything.
func sampleReport() *report {
	m := metricResult{Name: metricReturn, Unit: seconds, Rows: []row{
		{Contestant: ours, State: stateMeasured, Samples: slices.Repeat([]float64{0.002}, 6)},
		{Contestant: "a|b", Note: "with a bar", State: stateMeasured, Samples: slices.Repeat([]float64{0.004}, 6)},
		{Contestant: "gone", State: stateAbsent},
		{Contestant: "late", State: stateFailed, Reason: "it broke", Samples: []float64{1}},
		{Contestant: "other", State: stateMeasured},
	}}
	m.summarise()
	return &report{V: 2, Date: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Machine: machine{CPU: "a cpu", Cores: 2},
		Programs:  []program{{Name: ours, Version: "1"}, {Name: "gone", Absent: true}},
		Scenarios: []scenarioResult{{Name: scenarioStart, Title: "A title", Measures: "What it is.", Metrics: []metricResult{m}}}}
}

func TestMarkdown(t *testing.T) {
	page := sampleReport().markdown()
	for _, want := range []string{
		"# Benchmark of 2026-05-04 03:02 UTC\n",
		"| cpu | a cpu |\n",
		"| gone | absent |\n",
		"## A title\n",
		"| bgtasks | 6 | 2 ms (2 ms–2 ms) | 2 ms | 1 |  |\n",
		"| a\\|b | 6 | 4 ms (4 ms–4 ms) | 4 ms | 2 | with a bar |\n",
		"| gone | 0 | – | – | – | absent |\n",
		"| late | 1 | 1 s | 1 s | ~ 500 | then failed: it broke |\n",
		"\nWhat it is.\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "other") {
		t.Errorf("the page has a row for who did not measure this:\n%s", page)
	}
	if strings.Contains(page, "smoke") {
		t.Errorf("the page of a real run calls it a smoke run")
	}
}

func TestReportIsWrittenAndReadBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	want := sampleReport()
	if err := want.write(dir); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "bench.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if a, b := fmt.Sprint(got.markdown()), fmt.Sprint(want.markdown()); a != b {
		t.Errorf("the page after a round trip through JSON =\n%s\nwant\n%s", a, b)
	}
	if _, err := os.Stat(filepath.Join(dir, "bench.md")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "scaling.svg")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a drawing of nothing: %v", err)
	}
}

func TestOursFailed(t *testing.T) {
	r := sampleReport()
	if got := r.oursFailed(); got != nil {
		t.Errorf("oursFailed() = %v, want none", got)
	}
	r.Scenarios[0].Metrics[0].Rows[0].State = stateUnavailable
	if got := r.oursFailed(); got != nil {
		t.Errorf("oursFailed() = %v, want none: a verb that isn't there is no failure", got)
	}
	if r.Smoke = true; len(r.oursFailed()) != 1 {
		t.Error("oursFailed() = none, want one: a smoke run is of what was just built")
	}
	r.Smoke = false
	r.Scenarios[0].Metrics[0].Rows[0].State = stateFailed
	if got := r.oursFailed(); len(got) != 1 {
		t.Errorf("oursFailed() = %v, want one", got)
	}
}

func TestUnitFormat(t *testing.T) {
	for _, c := range []struct {
		unit  unit
		value float64
		want  string
	}{
		{seconds, 0.0000123, "12.3 µs"},
		{seconds, 0.00451, "4.51 ms"},
		{seconds, 0.1234, "123 ms"},
		{seconds, 12.34, "12.3 s"},
		{byteCount, 2_400_000, "2.40 MB"},
		{byteCount, 700_000, "700 kB"},
		{byteRate, 1.5e9, "1.50 GB/s"},
		{perSecond, 250.4, "250/s"},
		{number, 0, "0"},
		{number, 2, "2"},
		{number, 0.6, "0.60"},
		{seconds, math.NaN(), "–"},
	} {
		if got := c.unit.format(c.value); got != c.want {
			t.Errorf("%s.format(%v) = %q, want %q", c.unit, c.value, got, c.want)
		}
	}
}

func TestBudgetResult(t *testing.T) {
	most := budget{what: "w", unit: seconds, atMost: true, bound: 0.005}
	least := budget{what: "w", unit: perSecond, bound: 250}
	for _, c := range []struct {
		name     string
		budget   budget
		value    float64
		measured bool
		met      string
	}{
		{"below the most", most, 0.004, true, "true"},
		{"the most", most, 0.005, true, "true"},
		{"above the most", most, 0.006, true, "false"},
		{"below the least", least, 249, true, "false"},
		{"the least", least, 250, true, "true"},
		{"not measured", most, 0, false, "unknown"},
	} {
		got, met := c.budget.result(c.value, c.measured), "unknown"
		if got.Met != nil {
			met = fmt.Sprint(*got.Met)
		}
		if met != c.met {
			t.Errorf("%s: met = %s, want %s", c.name, met, c.met)
		}
	}
}

func TestJudge(t *testing.T) {
	r := sampleReport()
	r.Scenarios[0].Metrics[0].Rows[1].Contestant = "systemd-run --user"
	for _, b := range judge(r, t.TempDir()) {
		if b.What == budgets[0].what {
			if b.Value == nil || *b.Value != 0.5 || !*b.Met {
				t.Errorf("%s = %+v, want 0.5, met", b.What, b)
			}
		} else if b.Met != nil {
			t.Errorf("%s = %+v, want it not measured", b.What, b)
		}
	}
}

// TestBudgetsReferToScenarios keeps the names together: a budget whose scenario was
// renamed would never be judged again.
func TestBudgetsReferToScenarios(t *testing.T) {
	r := &report{}
	for _, s := range scenarios() {
		result := scenarioResult{Name: s.name, Size: s.size}
		for _, m := range s.metrics {
			table := metricResult{Name: m.name, Unit: m.unit}
			for _, name := range []string{ours, "systemd-run --user", "setsid -f", uncapped, pipeToCat} {
				table.Rows = append(table.Rows, row{Contestant: name, Samples: []float64{1}})
			}
			table.summarise()
			result.Metrics = append(result.Metrics, table)
		}
		r.Scenarios = append(r.Scenarios, result)
	}
	for _, b := range budgets {
		if _, ok := b.measure(r); !ok {
			t.Errorf("the budget %q finds no figure in a report that has all", b.what)
		}
	}
	if got := len(r.scaling()); got != len(scalingPanels) {
		t.Errorf("%d panels are drawn of a report that has all, want %d", got, len(scalingPanels))
	}
}
