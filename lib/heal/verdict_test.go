package heal

import (
	"testing"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// Every row of the table.
func TestDecide(t *testing.T) {
	running := facts{leader: true, sameBoot: true}
	with := func(f facts, change func(*facts)) facts {
		change(&f)
		return f
	}
	for name, c := range map[string]struct {
		facts facts
		want  verdict
	}{
		"over and tidy":          {facts{terminal: true, tidy: true}, leave},
		"over, end cut short":    {facts{terminal: true}, finishEnd},
		"other boot":             {with(running, func(f *facts) { f.sameBoot = false; f.presence = proc.Alive }), lostReboot},
		"claimed, other boot":    {facts{}, lostReboot},
		"claimed, nothing said":  {facts{sameBoot: true}, recordLost},
		"over, survivors":        {facts{terminal: true, tidy: true, survivor: true}, adoptRest},
		"cut short, survivors":   {facts{terminal: true, survivor: true}, finishEnd},
		"leader alive":           {with(running, func(f *facts) { f.presence = proc.Alive }), adopt},
		"leader a zombie":        {with(running, func(f *facts) { f.presence = proc.Zombie; f.status = true }), recordExit},
		"zombie, status hidden":  {with(running, func(f *facts) { f.presence = proc.Zombie }), recordLost},
		"leader gone":            {running, recordLost},
		"leader can't be seen":   {with(running, func(f *facts) { f.unseen = true }), cannotKnow},
		"other boot and unseen":  {with(running, func(f *facts) { f.unseen = true; f.sameBoot = false }), lostReboot},
		"over, whatever is seen": {facts{terminal: true, tidy: true, unseen: true}, leave},
	} {
		if got := decide(c.facts); got != c.want {
			t.Errorf("decide(%s) = %v, want %v", name, got, c.want)
		}
	}
}

// A clock that is set while a stop is under way gives no more than the whole
// grace, and takes no more than that.
func TestGraceLeft(t *testing.T) {
	now := time.Unix(1000, 0)
	for _, c := range []struct {
		asked time.Duration // before now
		want  int64
	}{{0, 5000}, {2 * time.Second, 3000}, {5 * time.Second, 0}, {time.Hour, 0}, {-time.Hour, 5000}} {
		stop := &record.Stop{RequestedAt: now.Add(-c.asked), GraceMs: 5000}
		if got := graceLeft(stop, now); got != c.want {
			t.Errorf("graceLeft of 5 s, asked %v ago = %d ms, want %d", c.asked, got, c.want)
		}
	}
}
