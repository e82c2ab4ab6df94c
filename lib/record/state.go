package record

import (
	"strconv"
	"strings"
	"time"
)

// LifeState is where a run stands in the lifecycle view.
type LifeState string

// The states of the lifecycle, see bgtasks(7).
const (
	Queued    LifeState = "queued"
	Claimed   LifeState = "claimed"
	Running   LifeState = "running"
	Retrying  LifeState = "retrying"
	Stale     LifeState = "stale"
	Succeeded LifeState = "succeeded"
	Failed    LifeState = "failed"
	Cancelled LifeState = "cancelled"
	TimedOut  LifeState = "timed_out"
)

// LifeStates lists every LifeState in the order of a life.
var LifeStates = []LifeState{Queued, Claimed, Running, Retrying, Stale, Succeeded, Failed, Cancelled, TimedOut}

// Terminal tells whether a run in this state is over. A terminal state is
// written once a run and never rewritten.
func (s LifeState) Terminal() bool {
	switch s {
	case Succeeded, Failed, Cancelled, TimedOut:
		return true
	}
	return false
}

// Status is where a run stands in the process view.
type Status string

// The process view.
const (
	StatusStarting Status = "starting"
	StatusQueued   Status = "queued"
	StatusRunning  Status = "running"
	StatusExited   Status = "exited"
	StatusKilled   Status = "killed"
	StatusFailed   Status = "failed"
)

// Statuses lists every Status in the order of a life.
var Statuses = []Status{StatusStarting, StatusQueued, StatusRunning, StatusExited, StatusKilled, StatusFailed}

// Reason is why a run ended.
type Reason string

// The reasons. An empty Reason means that the run has not ended.
const (
	SelfExit         Reason = "self-exit"
	BySignal         Reason = "signal"
	Stopped          Reason = "stop"
	Superseded       Reason = "superseded"
	TimeLimit        Reason = "time-limit"
	Watchdog         Reason = "watchdog"
	SpawnError       Reason = "spawn-error"
	DependencyFailed Reason = "dependency-failed"
	Lost             Reason = "lost"
	LostReboot       Reason = "lost-reboot"
)

// StatusOf gives the process view of a state: the lifecycle view says what
// became of the task, the process view what became of its process, so a run
// that failed is "exited" if its end was seen and "failed" if it never ran or
// nobody knows.
func StatusOf(s LifeState, why Reason) Status {
	switch s {
	case Queued, Retrying:
		return StatusQueued
	case Claimed:
		return StatusStarting
	case Running, Stale:
		return StatusRunning
	case Succeeded:
		return StatusExited
	case Cancelled, TimedOut:
		return StatusKilled
	}
	switch why {
	case SpawnError, DependencyFailed, Lost, LostReboot:
		return StatusFailed
	case Watchdog:
		return StatusKilled
	}
	return StatusExited
}

// Process names one process for ever: a pid alone is reused (P8).
type Process struct {
	BootID     string
	PID        int
	StartTicks uint64 // field 22 of /proc/PID/stat (proc(5)); microseconds elsewhere
	PIDNS      uint64 // the inode number of the pid namespace that PID is of; 0 if not known, or the system has none
	TimeNS     uint64 // that of the time namespace that StartTicks is of
}

// OutputUnknown says that for a time nobody held the output of an attempt: what was
// in the pipe then is gone, and nobody knows how much that was.
const OutputUnknown = "unknown"

// Usage is what the kernel counted for the reaped part of a tree (getrusage(2)).
type Usage struct {
	UserMs, SystemMs int64
	MaxRSSKB         int64
}

// Stop is a stop that was asked for, a fact apart from how the run ended.
type Stop struct {
	RequestedAt time.Time
	By          string // the verb that asked
	Signal      string // the polite signal, as "TERM"
	GraceMs     int64  // until KILL follows
	Reason      string // the asker's own words, may be empty
	Cause       Reason // how the run's end will be called: Stopped, Superseded
}

// Unspawned is why a program could not be executed.
type Unspawned struct {
	Step    string // what failed: one of the Stage constants
	Path    string // on what
	Errno   int    // errno(3) of the system at hand, 0 if there is none
	Message string // the same in words
}

// State is where a task stands: the whole of state.json. Only the holder of
// the task's run.lock writes one (P2). ExitCode and Signal are nil unless that
// very fact was observed (P3).
type State struct {
	Run, Attempt int
	State        LifeState
	Reason       Reason
	Unspawned    *Unspawned // of an end with the reason SpawnError: why; nil if no record says
	OOM          bool       // the kernel has killed some of the tree for want of memory
	ExitCode     *int
	Signal       *string // without "SIG"
	Leader       *Process
	Shim         *Process
	Guessed      bool   // the leader was found by its looks, after its first shim was killed early
	Containment  string // "cgroup", "subreaper" or "session"
	Cgroup       string // its directory, if that is the containment
	Leftovers    int    // alive when the leader's end was recorded
	TeeMissed    int64  // bytes that readers of --tee did not get
	StartedAt    time.Time
	ExitedAt     time.Time
	UpdatedAt    time.Time
	Usage        *Usage
	Stop         *Stop
	Refused      []int // pids: all that is left of a run that is being stopped, and may not be signalled

	EventsMissing int // events before the end that were not in the journal when it was recorded; some may be since

	LogStart, LogEnd       int64 // what this attempt wrote to output.log, as offsets; LogEnd only once it has ended
	ErrorsStart, ErrorsEnd int64 // the same of errors.log, with separate streams

	OutputEnd string // OutputUnknown if some of the attempt's output may be missing; else ""

	ClaimedBy *Process // of a Claimed state: who is about to start the attempt

	RetryAt        time.Time // of a Retrying state: when the next attempt is due, by the wall clock
	RetryDueBootMs int64     // the same by CLOCK_BOOTTIME of the boot of Shim
	StaleAt        time.Time // of a Stale state: since when there is no sign of life
	StaleReason    string
}

// AppendJSON appends the state as one line of JSON without the newline.
func (s *State) AppendJSON(b []byte) []byte {
	o := openObject(b)
	o.int("v", Version)
	o.int("run", int64(s.Run))
	o.int("attempt", int64(s.Attempt))
	o.str("state", string(s.State))
	s.appendEnd(&o)
	o.process("leader", s.Leader)
	o.process("shim", s.Shim)
	if s.Guessed {
		o.bool("leaderGuessed", true)
	}
	o.optStr("containment", s.Containment)
	o.optStr("cgroup", s.Cgroup)
	o.optInt("leftovers", int64(s.Leftovers))
	o.optInt("teeMissedBytes", s.TeeMissed)
	o.optInt("eventsMissing", int64(s.EventsMissing))
	o.optTime("startedAt", s.StartedAt)
	o.optTime("exitedAt", s.ExitedAt)
	o.time("updatedAt", s.UpdatedAt)
	o.usage("usage", s.Usage)
	o.stop("stop", s.Stop)
	o.ints("refused", s.Refused)
	s.appendLogs(&o)
	o.process("claimedBy", s.ClaimedBy)
	s.appendDue(&o)
	return o.close()
}

// appendDue writes what a state that is neither running nor an end waits for.
func (s *State) appendDue(o *object) {
	o.optTime("retryScheduledAt", s.RetryAt)
	o.optInt("retryDueBootMs", s.RetryDueBootMs)
	o.optTime("staleAt", s.StaleAt)
	o.optStr("staleReason", s.StaleReason)
}

// appendEnd writes the facts of the end, with explicit nulls: an absent code
// must not be mistaken for a code of zero.
func (s *State) appendEnd(o *object) {
	o.optStr("reason", string(s.Reason))
	o.unspawned("spawnError", s.Unspawned)
	if s.OOM {
		o.bool("oom", true)
	}
	if s.ExitCode != nil {
		o.int("exitCode", int64(*s.ExitCode))
	} else {
		o.null("exitCode")
	}
	if s.Signal != nil {
		o.str("signal", *s.Signal)
	} else {
		o.null("signal")
	}
}

func (o *object) unspawned(name string, u *Unspawned) {
	if u == nil {
		return
	}
	o.object(name, func(in *object) {
		in.str("step", u.Step)
		in.str("path", u.Path)
		in.int("errno", int64(u.Errno))
		in.str("message", u.Message)
	})
}

// AppendJSON appends the stop as JSON: the whole of stop.json.
func (s *Stop) AppendJSON(b []byte) []byte {
	o := openObject(b)
	o.int("v", Version)
	s.appendFields(&o)
	return o.close()
}

// ReadStop reads what AppendJSON wrote, for the supervisor, which knows no other
// JSON. Members that it does not know are passed over. ok is false for anything else.
func ReadStop(text string) (s *Stop, ok bool) {
	s = &Stop{}
	for strings.HasPrefix(text, "{") || strings.HasPrefix(text, ",") {
		var name, value string
		name, value, text = member(text[1:])
		switch name {
		case "requestedAt":
			if len(value) == len(TimeFormat) {
				s.RequestedAt, ok = parseTime([]byte(value))
			}
		case "by":
			s.By = value
		case "signal":
			s.Signal = value
		case "graceMs":
			s.GraceMs, _ = strconv.ParseInt(value, 10, 64)
		case "reason":
			s.Reason = value
		case "cause":
			s.Cause = Reason(value)
		}
	}
	return s, ok && s.Signal != "" && text == "}\n"
}

// ReadLeader reads the leader out of a state.json, for the supervisor of another task.
// The name of a member can't be mistaken for a part of a string, whose quotes are
// escaped. ok is false if there is none.
func ReadLeader(text string) (leader Process, ok bool) {
	_, text, ok = strings.Cut(text, `"leader":{`)
	for text = "," + text; ok && strings.HasPrefix(text, ","); {
		var name, value string
		name, value, text = member(text[1:])
		var err error
		switch name {
		case "bootId":
			leader.BootID = value
		case "pid":
			leader.PID, err = strconv.Atoi(value)
		case "startTicks":
			leader.StartTicks, err = strconv.ParseUint(value, 10, 64)
		case "pidNamespace":
			leader.PIDNS, err = strconv.ParseUint(value, 10, 64)
		case "timeNamespace":
			leader.TimeNS, err = strconv.ParseUint(value, 10, 64)
		}
		ok = err == nil
	}
	return leader, ok && leader.PID > 0 && strings.HasPrefix(text, "}")
}

// Same tells whether two stops are one request, which may come by the doorbell and
// by stop.json.
func (s *Stop) Same(other *Stop) bool {
	return s.RequestedAt.UnixMilli() == other.RequestedAt.UnixMilli() &&
		s.By == other.By && s.Signal == other.Signal && s.GraceMs == other.GraceMs && s.Cause == other.Cause
}

func (s *Stop) appendFields(o *object) {
	o.time("requestedAt", s.RequestedAt)
	o.str("by", s.By)
	o.str("signal", s.Signal)
	o.int("graceMs", s.GraceMs)
	o.optStr("reason", s.Reason)
	o.optStr("cause", string(s.Cause))
}
