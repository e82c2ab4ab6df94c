package sched

import "testing"

// A thousand tasks that end at once do not become a thousand processes in a row:
// one waits, and finds what all of them have left.
func TestOneHandOverWaitsForTheLock(t *testing.T) {
	h := newHome(t)
	must(t, newIndex(h).make())
	lock, err := h.LockQueue()
	must(t, err)
	const ends = 50
	returned := make(chan error, ends)
	for range ends {
		go func() { returned <- handOver(h) }()
	}
	for range ends - 1 {
		must(t, <-returned)
	}
	if !h.NextInLine() {
		t.Error("nobody waits for the lock, want one who looks again")
	}
	must(t, lock.Unlock())
	must(t, <-returned)
	if h.NextInLine() {
		t.Error("someone is in line, want nobody")
	}
}
