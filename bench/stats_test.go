package main

import (
	"math"
	"testing"
)

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values []float64
		q      float64
		want   float64
	}{
		{[]float64{3}, 0.9, 3},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{5, 1, 3, 2, 4}, 0.5, 3},
		{[]float64{0, 10}, 0.9, 9},
		{[]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 0.9, 10},
		{[]float64{1, 2}, 0, 1},
		{[]float64{1, 2}, 1, 2},
	} {
		if got := quantile(c.values, c.q); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("quantile(%v, %v) = %v, want %v", c.values, c.q, got, c.want)
		}
	}
	if got := quantile(nil, 0.5); !math.IsNaN(got) {
		t.Errorf("quantile(nil, 0.5) = %v, want NaN", got)
	}
}

func TestQuantileLeavesItsInputAlone(t *testing.T) {
	values := []float64{3, 1, 2}
	quantile(values, 0.5)
	if values[0] != 3 || values[1] != 1 || values[2] != 2 {
		t.Errorf("quantile sorted its input to %v", values)
	}
}

func TestMeasured(t *testing.T) {
	got := measured([]float64{1, math.NaN(), 0})
	if len(got) != 2 || got[0] != 1 || got[1] != 0 {
		t.Errorf("measured(1, NaN, 0) = %v, want [1 0]", got)
	}
}

func TestRatioInterval(t *testing.T) {
	double := []float64{20, 22, 18, 21, 19, 20, 20, 23, 17, 20}
	single := []float64{10, 11, 9, 10.5, 9.5, 10, 10, 11.5, 8.5, 10}
	got, ok := ratioInterval(double, single)
	if !ok || got.Low > 2 || got.High < 2 || got.Low < 1.7 || got.High > 2.3 {
		t.Errorf("ratioInterval = %v, %v, want a narrow one around 2", got, ok)
	}
	if again, _ := ratioInterval(double, single); again != got {
		t.Errorf("ratioInterval again = %v, want %v as before", again, got)
	}
	equal := []float64{5, 5, 5, 5, 5}
	if got, ok := ratioInterval(equal, equal); !ok || got != (interval{1, 1}) {
		t.Errorf("ratioInterval of equal values = %v, %v, want 1 to 1", got, ok)
	}
}

func TestRatioIntervalIsAbsent(t *testing.T) {
	many := []float64{1, 2, 3, 4, 5}
	for _, c := range []struct {
		name string
		a, b []float64
	}{
		{"few above", many[:4], many},
		{"few below", many, many[:4]},
		{"zero below", many, []float64{0, 0, 0, 0, 0}},
	} {
		if got, ok := ratioInterval(c.a, c.b); ok {
			t.Errorf("%s: ratioInterval = %v, want none", c.name, got)
		}
	}
}
