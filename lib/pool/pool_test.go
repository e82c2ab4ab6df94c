package pool

import (
	"iter"
	"sync"
	"sync/atomic"
	"testing"
)

func TestEachVisitsEachNumberOnce(t *testing.T) {
	for _, test := range []struct{ n, atOnce int }{{0, 5}, {1, 5}, {5, 0}, {5, 1}, {100, 3}, {3, 100}} {
		visits := make([]atomic.Int64, test.n)
		Each(test.n, test.atOnce, func(i int) { visits[i].Add(1) })
		for i := range visits {
			if got := visits[i].Load(); got != 1 {
				t.Errorf("Each(%d, %d) visits %d %d times, want once", test.n, test.atOnce, i, got)
			}
		}
	}
}

// As many as may are at work at the same time: each waits for the others here.
func TestEachWorksOnSoManyAtOnce(t *testing.T) {
	const atOnce = 4
	var all sync.WaitGroup
	all.Add(atOnce)
	Each(atOnce, atOnce, func(int) {
		all.Done()
		all.Wait()
	})
}

func TestWorkersAreNoMoreThanAllowed(t *testing.T) {
	for _, test := range []struct{ n, atOnce, want int }{{100, 3, 3}, {2, 3, 2}, {0, 3, 0}} {
		var workers, visits atomic.Int64
		Workers(test.n, test.atOnce, func(numbers iter.Seq[int]) {
			workers.Add(1)
			for range numbers {
				visits.Add(1)
			}
		})
		if got := int(workers.Load()); got != test.want || int(visits.Load()) != test.n {
			t.Errorf("Workers(%d, %d) = %d goroutines with %d visits, want %d", test.n, test.atOnce, got, visits.Load(), test.want)
		}
	}
}
