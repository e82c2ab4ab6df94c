package launch

import (
	"testing"
	"time"

	"bgtasks/lib/record"
)

func TestNewIDsSortByTime(t *testing.T) {
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	last := ""
	for range 1000 {
		id := NewID(at)
		if !record.ValidID(id) || id <= last {
			t.Fatalf("NewID(%v) = %q, want a valid id after %q", at, id, last)
		}
		last, at = id, at.Add(time.Millisecond)
	}
}
