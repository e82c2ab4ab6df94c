package shim

import (
	"testing"
	"time"
)

func TestOutputRestsWhileItComesSlowlyAndSteadily(t *testing.T) {
	const line, pipe = 40, 64 << 10
	steady := func(n int, every time.Duration) (p pace, rests bool) {
		now := time.Now()
		for range 5 {
			now = now.Add(every)
			rests = p.took(n, now)
		}
		return p, rests
	}
	for _, test := range []struct {
		name  string
		taken int
		every time.Duration
		want  bool
	}{
		{"a line a millisecond", line, time.Millisecond, true},
		{"what has come while it rested", 5 * line, rest, true},
		{"a line a second", line, time.Second, false},
		{"a line a microsecond", line, time.Microsecond, false},
		{"a pipe that was full", pipe, rest, false},
		{"nothing", 0, time.Millisecond, false},
	} {
		if _, got := steady(test.taken, test.every); got != test.want {
			t.Errorf("%s: rests = %v, want %v", test.name, got, test.want)
		}
	}
	p, _ := steady(line, time.Millisecond)
	if p.took(0, p.last.Add(rest)) {
		t.Error("output rests after nothing has come, want a sleep until some does")
	}
}
