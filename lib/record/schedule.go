package record

import (
	"strconv"
	"time"
)

// The conditions of a dependency, in the words of Slurm's sbatch(1).
const (
	AfterOK    = "afterok"    // it succeeded
	AfterNotOK = "afternotok" // it ended otherwise
	AfterAny   = "afterany"   // it ended
)

// AfterGone is the condition by which a task waits for one that it has
// superseded: that one ended, and none of its tree is left. Nobody asks for it in
// words.
const AfterGone = "aftergone"

// AfterWords lists them.
var AfterWords = []string{AfterOK, AfterAny, AfterNotOK}

// Dependency is a task whose end another one waits for.
type Dependency struct {
	When string // one of AfterWords
	ID   string
	Run  int // the run that was its newest when the dependency was made
}

// Bounds of a priority. The higher is started first; 0 is the default.
const (
	MinPriority = -1000
	MaxPriority = 1000
)

// Schedule says what a task waits for before it starts, and what another process
// needs to start it: the member schedule of spec.json. Only a task that goes through
// the scheduler has one.
type Schedule struct {
	Queue     string // "" for none: no slot is needed
	Priority  int
	Sequence  int64     // the order of arrival in this home, from 1; never a wall clock
	NotBefore time.Time // the earliest start by the wall clock; zero for none
	DueBootMs int64     // for a delay: the same by CLOCK_BOOTTIME of the boot of startedBy; 0 for none
	After     []Dependency
	Program   string // the program, resolved when the task was accepted
	Umask     int    // the task's file mode creation mask
	Limits    string // its nice value and soft resource limits, as proc.Inherited tells them; "" where that is not known
}

func (o *object) schedule(name string, s *Schedule) {
	if s == nil {
		return
	}
	o.object(name, func(in *object) {
		in.optStr("queue", s.Queue)
		in.int("priority", int64(s.Priority))
		in.int("sequence", s.Sequence)
		in.optTime("notBefore", s.NotBefore)
		in.optInt("dueBootMs", s.DueBootMs)
		in.dependencies("after", s.After)
		in.str("program", s.Program)
		in.int("umask", int64(s.Umask))
		in.optStr("limits", s.Limits)
	})
}

func (o *object) dependencies(name string, list []Dependency) {
	if len(list) == 0 {
		return
	}
	o.key(name)
	o.buf = append(o.buf, '[')
	for i, d := range list {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		in := openObject(o.buf)
		in.str("when", d.When)
		in.str("id", d.ID)
		in.int("run", int64(d.Run))
		o.buf = in.close()
	}
	o.buf = append(o.buf, ']')
}

// Backoff says how long to wait before the next attempt: base = min(MinDelayMs ×
// Factor^(attempt−1), MaxDelayMs), then up to Jitter of it more or less, kept
// between MinDelayMs and MaxDelayMs. Factor and jitter are in thousandths, so that
// the supervisor needs no floating point in its records.
type Backoff struct {
	MinDelayMs, MaxDelayMs   int64
	FactorMilli, JitterMilli int64
}

// DefaultBackoff is 1 s, doubled each time up to a minute, by a tenth more or less.
var DefaultBackoff = Backoff{MinDelayMs: 1000, MaxDelayMs: 60_000, FactorMilli: 2000, JitterMilli: 100}

// Retry says when another attempt is made.
type Retry struct {
	MaxAttempts int // at least 1: no retry
	Backoff     Backoff
	NoRetry     []int // exit codes after which there is none
}

func (o *object) retry(r *Retry) {
	if r.MaxAttempts <= 1 {
		return
	}
	o.int("maxAttempts", int64(r.MaxAttempts))
	o.object("backoff", r.Backoff.appendFields)
	o.ints("noRetryExitCodes", r.NoRetry)
}

// AppendJSON appends the backoff as a JSON object.
func (b *Backoff) AppendJSON(buf []byte) []byte {
	o := openObject(buf)
	b.appendFields(&o)
	return o.close()
}

func (b *Backoff) appendFields(o *object) {
	o.int("minDelayMs", b.MinDelayMs)
	o.int("maxDelayMs", b.MaxDelayMs)
	o.milli("factor", b.FactorMilli)
	o.milli("jitter", b.JitterMilli)
}

// milli writes a number given in thousandths, in the shortest way.
func (o *object) milli(name string, thousandths int64) {
	o.key(name)
	o.buf = strconv.AppendInt(o.buf, thousandths/1000, 10)
	rest := thousandths % 1000
	if rest == 0 {
		return
	}
	digits := strconv.Itoa(int(rest + 1000))[1:]
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	o.buf = append(append(o.buf, '.'), digits...)
}

// What is done about a task that shows no sign of life.
const (
	WatchdogMark  = "mark"  // it is called stale
	WatchdogStop  = "stop"  // it is ended, and has failed
	WatchdogRetry = "retry" // it is ended, and tried again if attempts are left
)

// WatchdogActions lists them, the default first.
var WatchdogActions = []string{WatchdogMark, WatchdogStop, WatchdogRetry}
