package main

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
)

func TestAxis(t *testing.T) {
	a := newAxis([]float64{30, 2000}, 100, 400)
	if a.low != 1 || a.high != 4 {
		t.Errorf("decades of 30 to 2000 = %v to %v, want 1 to 4", a.low, a.high)
	}
	for v, want := range map[float64]float64{10: 100, 100: 200, 1000: 300, 10_000: 400} {
		if got := a.place(v); math.Abs(got-want) > 1e-9 {
			t.Errorf("place(%v) = %v, want %v", v, got, want)
		}
	}
	if ticks := a.ticks(); len(ticks) != 4 || ticks[0] != 10 || ticks[3] != 10_000 {
		t.Errorf("ticks = %v, want 10 to 10000", ticks)
	}
}

// TestAxisOfOneValue: a single power of ten spans no decade, but is to be drawn.
func TestAxisOfOneValue(t *testing.T) {
	if a := newAxis([]float64{100}, 0, 1); a.low == a.high || math.IsNaN(a.place(100)) {
		t.Errorf("axis of 100 = %+v, place %v", a, a.place(100))
	}
}

func TestThousands(t *testing.T) {
	for v, want := range map[float64]string{1: "1", 100: "100", 1000: "1,000", 100_000: "100,000", 1_000_000: "1,000,000"} {
		if got := thousands(v); got != want {
			t.Errorf("thousands(%v) = %q, want %q", v, got, want)
		}
	}
}

// elements counts the elements of an XML text by their names.
func elements(t *testing.T, text string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return counts
		}
		if err != nil {
			t.Fatalf("the drawing is no XML: %v\n%s", err, text)
		}
		if start, ok := token.(xml.StartElement); ok {
			counts[start.Name.Local]++
		}
	}
}

func TestDrawPanels(t *testing.T) {
	panels := []panel{
		{Title: "a & b", Unit: seconds, Series: []series{
			{"one <1>", []point{{100, 0.001}, {1000, 0.01}}},
			{"two", []point{{100, 0.002}, {1000, 0.002}, {10_000, 0.003}}},
		}},
		{Title: "empty"},
		{Title: "c", Unit: seconds, Series: []series{{"one", []point{{1, 1}, {10, 1}}}}},
	}
	counts := elements(t, drawPanels(panels))
	for name, want := range map[string]int{"svg": 1, "g": 3, "polyline": 3, "circle": 7} {
		if counts[name] != want {
			t.Errorf("<%s> × %d, want %d", name, counts[name], want)
		}
	}
}

func TestScaling(t *testing.T) {
	table := func(size int, rows ...row) scenarioResult {
		return scenarioResult{Size: size, Metrics: []metricResult{{Name: metricList, Unit: seconds, Rows: rows}}}
	}
	at := func(name string, v float64) row { return row{Contestant: name, Median: &v} }
	r := &report{Scenarios: []scenarioResult{
		table(100, at(ours, 1), at("once", 1), at("twice", 2)),
		table(1000, at(ours, 2), at("twice", 3), row{Contestant: "never"}),
		table(0, at(ours, 9)),
	}}
	panels := r.scaling()
	if len(panels) != 1 || len(panels[0].Series) != 2 {
		t.Fatalf("scaling() = %+v, want one panel with two lines", panels)
	}
	first := panels[0].Series[0]
	if first.Name != ours || len(first.Points) != 2 || first.Points[1] != (point{1000, 2}) {
		t.Errorf("the first line = %+v, want ours with two points", first)
	}
}
