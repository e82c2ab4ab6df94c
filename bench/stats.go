package main

import (
	"slices"

	"github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"
)

// confidence is that of every interval.
const confidence = 0.95

// sampleOf gives samples to benchmath, which sorts what it gets.
func sampleOf(values []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
}

// quantile is the q-quantile of a sample, q from 0 to 1.
func quantile(s *benchmath.Sample, q float64) float64 {
	return stats.Sample{Xs: s.Values, Sorted: true}.Quantile(q)
}

// differ tells whether two samples are of different distributions, as far as a
// Mann-Whitney test knows: few runs, or runs that overlap, tell nothing.
func differ(a, b *benchmath.Sample) bool {
	compared := benchmath.AssumeNothing.Compare(a, b)
	return compared.P <= compared.Alpha
}
