package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// resamples is how often the bootstrap draws; 2,000 settle a 95 % interval to
// about one part in a hundred of its width.
const resamples = 2000

// fewest is the smallest number of runs for which an interval is given: below
// it resampling knows little more than the numbers themselves.
const fewest = 5

// measured drops what was not measured, which a run tells by NaN.
func measured(values []float64) []float64 {
	kept := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			kept = append(kept, v)
		}
	}
	return kept
}

// quantile returns the q-quantile, 0 to 1, with straight lines between the
// values (type 7 of Hyndman and Fan, what R and NumPy do). NaN of no values.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	low := int(math.Floor(at))
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func median(values []float64) float64 { return quantile(values, 0.5) }

// interval is a range that a figure lies in.
type interval struct{ Low, High float64 }

// ratioInterval is the 95 % percentile bootstrap interval of median(a)/median(b):
// both are drawn anew with replacement, resamples times. The generator starts
// from the same point each time, so equal samples give equal intervals. It is
// absent when either has fewer values than fewest, or when b can be 0.
func ratioInterval(a, b []float64) (interval, bool) {
	if len(a) < fewest || len(b) < fewest {
		return interval{}, false
	}
	random := rand.New(rand.NewPCG(1, 2))
	ratios := make([]float64, resamples)
	for i := range ratios {
		below := median(redraw(random, b))
		if below == 0 {
			return interval{}, false
		}
		ratios[i] = median(redraw(random, a)) / below
	}
	return interval{quantile(ratios, 0.025), quantile(ratios, 0.975)}, true
}

// redraw draws as many values as there are, with replacement.
func redraw(random *rand.Rand, values []float64) []float64 {
	drawn := make([]float64, len(values))
	for i := range drawn {
		drawn[i] = values[random.IntN(len(values))]
	}
	return drawn
}
