package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// budgetResult says how a promise about cost stands in this run.
type budgetResult struct {
	What  string   `json:"what"`
	Want  string   `json:"want"`
	Value *float64 `json:"value"` // null if it was not measured
	Shown string   `json:"shown"`
	Met   *bool    `json:"met"`
}

// budget is a figure of a report and its bound.
type budget struct {
	what    string
	unit    unit
	atMost  bool
	bound   float64
	measure func(r *report) (float64, bool)
}

// budgets are the costs that must not be exceeded. Among them is the flat dispatch
// that scheduling without a daemon promises.
var budgets = []budget{
	{"bg-start -- true, to systemd-run --user", number, true, 0.6, ratioOf(scenarioStart, metricReturn, ours, "systemd-run --user")},
	{"bg-start -- true, to setsid -f true", number, true, 6, ratioOf(scenarioStart, metricReturn, ours, "setsid -f")},
	{"a task's exit to bg-wait's return", seconds, true, 0.005, medianOf(scenarioWait, metricReturn)},
	{"log pump that keeps all, to cmd | cat > file", number, false, 1, ratioOf(scenarioLarge, metricTaken, uncapped, pipeToCat)},
	{"idle shim, resident", byteCount, true, 2.5e6, medianOf(idleName(1), metricRSS)},
	{"idle shim, private, of 100", byteCount, true, 0.7e6, medianOf(idleName(100), metricPrivate)},
	{"idle shim, wake-ups in 10 s", number, true, 0, medianOf(scenarioWakeups, metricWakeups)},
	{"processes of a queued task", number, true, 0, medianOf(scenarioEnqueue, metricProcesses)},
	{"batch start of 1,000 tasks", perSecond, false, 250, medianOf(scenarioBatch, metricRate)},
	{"bg-list, 10,000 finished", seconds, true, 0.1, medianOf(populationName(10_000), metricList)},
	{"bg-list --status running, 10 beside 100,000", seconds, true, 0.015, medianOf(populationName(100_000), metricRunning)},
	{"dispatch with 100,000 waiting, to 100", number, true, 2, dispatchGrowth},
}

func medianOf(scenario, metric string) func(*report) (float64, bool) {
	return func(r *report) (float64, bool) { return r.median(scenario, metric, ours) }
}

// ratioOf divides one contestant's median by another's.
func ratioOf(scenario, metric, above, below string) func(*report) (float64, bool) {
	return func(r *report) (float64, bool) {
		a, measuredA := r.median(scenario, metric, above)
		b, measuredB := r.median(scenario, metric, below)
		return a / b, measuredA && measuredB && b != 0
	}
}

func dispatchGrowth(r *report) (float64, bool) {
	many, measuredMany := r.median(dispatchName(100_000), metricDispatch, ours)
	few, measuredFew := r.median(dispatchName(100), metricDispatch, ours)
	return many / few, measuredMany && measuredFew && few != 0
}

// files are the programs whose size is bounded.
var files = []struct {
	name  string
	bound float64
}{{"bg-shim", 2.0e6}, {"bg-start", 5.0e6}}

// judge compares all budgets with a report, and the programs in bin with theirs.
// What was not measured is not judged.
func judge(r *report, bin string) (results []budgetResult) {
	for _, b := range budgets {
		value, measured := b.measure(r)
		results = append(results, b.result(value, measured))
	}
	for _, f := range files {
		b := budget{what: "the file " + f.name, unit: byteCount, atMost: true, bound: f.bound}
		size := 0.0
		info, err := os.Stat(filepath.Join(bin, f.name))
		if err == nil {
			size = float64(info.Size())
		}
		results = append(results, b.result(size, err == nil))
	}
	return results
}

func (b budget) result(value float64, measured bool) budgetResult {
	bound := "≥ "
	if b.atMost {
		bound = "≤ "
	}
	result := budgetResult{What: b.what, Want: bound + b.unit.format(b.bound), Shown: "not measured"}
	if measured {
		met := value >= b.bound
		if b.atMost {
			met = value <= b.bound
		}
		result.Value, result.Shown, result.Met = known(value), b.unit.format(value), &met
	}
	return result
}

func budgetTable(results []budgetResult) string {
	if len(results) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString("## Budgets\n\n| what | budget | here | met |\n|---|---|---|---|\n")
	for _, r := range results {
		met := "–"
		if r.Met != nil {
			met = map[bool]string{true: "yes", false: "no"}[*r.Met]
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s |\n", cell(r.What), cell(r.Want), cell(r.Shown), met)
	}
	return out.String() + "\n"
}
