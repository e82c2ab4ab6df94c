// Package pool shares work among goroutines.
//
// It knows the number of items and which one comes next. It must not know the work for
// an item.
package pool

import (
	"iter"
	"sync"
	"sync/atomic"
)

// Each calls work for each number from 0 to n-1, in up to atOnce goroutines, and
// returns when all calls have. The caller's goroutine is one of them.
func Each(n, atOnce int, work func(i int)) {
	Workers(n, atOnce, func(numbers iter.Seq[int]) {
		for i := range numbers {
			work(i)
		}
	})
}

// Workers does so for work that keeps something from one number to the next: each
// goroutine calls it once. The numbers are handed out one by one, so that a slow one
// delays no other.
func Workers(n, atOnce int, work func(numbers iter.Seq[int])) {
	var next atomic.Int64
	numbers := func(yield func(int) bool) {
		for i := next.Add(1) - 1; int(i) < n && yield(int(i)); i = next.Add(1) - 1 {
		}
	}
	var others sync.WaitGroup
	for range min(atOnce, n) - 1 {
		others.Go(func() { work(numbers) })
	}
	if n > 0 {
		work(numbers)
	}
	others.Wait()
}
