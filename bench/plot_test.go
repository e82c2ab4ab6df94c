package main

import (
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
)

func TestSpanDecades(t *testing.T) {
	for _, c := range []struct{ min, max, low, high float64 }{{30, 2000, 10, 10_000}, {100, 100, 100, 1000}} {
		axis := plot.Axis{Min: c.min, Max: c.max}
		spanDecades(&axis, thousands)
		if axis.Min != c.low || axis.Max != c.high {
			t.Errorf("decades of %v to %v = %v to %v, want %v to %v", c.min, c.max, axis.Min, axis.Max, c.low, c.high)
		}
	}
}

func TestThousands(t *testing.T) {
	for v, want := range map[float64]string{1: "1", 100: "100", 1000: "1,000", 100_000: "100,000", 1_000_000: "1,000,000"} {
		if got := thousands(v); got != want {
			t.Errorf("thousands(%v) = %q, want %q", v, got, want)
		}
	}
}

// texts are those of the elements of an XML text.
func texts(t *testing.T, text string) (words []string) {
	t.Helper()
	for d := xml.NewDecoder(strings.NewReader(text)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return words
		}
		if err != nil {
			t.Fatalf("the drawing is no XML: %v\n%s", err, text)
		}
		if data, ok := token.(xml.CharData); ok {
			words = append(words, strings.TrimSpace(string(data)))
		}
	}
}

func TestDrawPanels(t *testing.T) {
	panels := []panel{
		{Title: "a & b", Unit: seconds, Series: []series{
			{"one <1>", plotter.XYs{{X: 100, Y: 0.001}, {X: 1000, Y: 0.01}}},
			{"two", plotter.XYs{{X: 100, Y: 0.002}, {X: 1000, Y: 0.002}, {X: 10_000, Y: 0.003}}},
		}},
		{Title: "c", Unit: seconds, Series: []series{{"one", plotter.XYs{{X: 1, Y: 1}, {X: 10, Y: 1}}}}},
	}
	drawn, err := drawPanels(panels)
	if err != nil {
		t.Fatal(err)
	}
	words := texts(t, drawn)
	for _, want := range []string{"a & b", "c", "one <1>", "two", "10,000", "10 ms"} {
		if !slices.Contains(words, want) {
			t.Errorf("the drawing does not say %q: %q", want, words)
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
	if first.Name != ours || len(first.Points) != 2 || first.Points[1] != (plotter.XY{X: 1000, Y: 2}) {
		t.Errorf("the first line = %+v, want ours with two points", first)
	}
}
