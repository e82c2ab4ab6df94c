package view

import (
	"encoding/json"
	"time"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Redacted stands for the value of an environment variable in every output
// that was not asked for values (P11).
const Redacted = "[redacted]"

// Supervisor is what can be said of a task's shim.
type Supervisor string

// The supervisor of a run: its lock is held; it is free although the run is
// open; there is nothing to do for one, because the run is over with its whole
// tree, or waits to be started.
const (
	SupervisorAlive Supervisor = "alive"
	SupervisorLost  Supervisor = "lost"
	SupervisorNone  Supervisor = "none"

	// SupervisorUnknown is that of an open run in a home of another host, whose locks
	// can't be seen.
	SupervisorUnknown Supervisor = "unknown"
)

// Task is one view over the files of a task, in
// the field order that verbs print. Times are in record.TimeFormat. What is
// optional and absent is left out; ExitCode and Signal are null when unknown.
//
// Of an unreadable task the ID and LogPath are certain and the rest is what
// could still be read; Status and State are empty unless they were.
type Task struct {
	ID              string            `json:"id"`
	Name            string            `json:"name"`
	Command         string            `json:"command"`
	Args            []string          `json:"args"`
	Workdir         string            `json:"workdir"`
	Tags            []string          `json:"tags"`
	Kind            string            `json:"kind"`
	Env             map[string]string `json:"env"`
	ParentSessionID string            `json:"parentSessionId,omitempty"`
	NotifyOnExit    bool              `json:"notifyOnExit"`
	Stdin           string            `json:"stdin,omitempty"` // a file; without one it is empty
	SplitLogs       bool              `json:"split,omitempty"` // stderr has a log of its own
	Tees            []string          `json:"tees,omitempty"`
	Metadata        json.RawMessage   `json:"metadata,omitempty"`
	Channels        []string          `json:"channels"` // implied and given
	DedupeKey       string            `json:"dedupeKey,omitempty"`
	ConcurrencyKey  string            `json:"concurrencyKey,omitempty"`
	SupersedeKey    string            `json:"supersedeKey,omitempty"`
	Queue           string            `json:"queue,omitempty"`
	Priority        int               `json:"priority"`
	Status          record.Status     `json:"status"`
	State           record.LifeState  `json:"state"`
	ExitCode        *int              `json:"exitCode"`
	Signal          *string           `json:"signal"`
	Reason          record.Reason     `json:"reason,omitempty"`
	SpawnError      *SpawnError       `json:"spawnError,omitempty"` // why the program could not be executed
	OOM             bool              `json:"oom,omitempty"`        // the kernel has killed some of the tree for want of memory
	Run             int               `json:"run"`
	Attempt         int               `json:"attempt"`
	MaxAttempts     int               `json:"maxAttempts"`
	RestartCount    int               `json:"restartCount"`
	PID             int               `json:"pid,omitempty"`
	Supervisor      Supervisor        `json:"supervisor"`
	Hindrance       string            `json:"hindrance,omitempty"` // why the supervisor does nothing, if it was looked for
	Containment     string            `json:"containment,omitempty"`
	Leftovers       int               `json:"leftovers"`
	CreatedAt       string            `json:"createdAt"`
	ScheduledAt     string            `json:"scheduledAt,omitempty"` // the earliest start, of the next attempt if one is due
	StartedAt       string            `json:"startedAt,omitempty"`
	ExitedAt        string            `json:"exitedAt,omitempty"`
	UpdatedAt       string            `json:"updatedAt"`
	TimeLimitMs     int64             `json:"timeLimitMs,omitempty"`
	KillGraceMs     int64             `json:"killGraceMs"`
	StopSignal      string            `json:"stopSignal,omitempty"`      // the polite one
	LeftoversPolicy string            `json:"leftoversPolicy,omitempty"` // what becomes of processes that outlive the leader
	WatchdogMs      int64             `json:"watchdogMs,omitempty"`
	WatchdogAction  string            `json:"watchdogAction,omitempty"`
	After           []string          `json:"after,omitempty"` // WHEN:ID of what it waits for before its run, or waited
	Backoff         json.RawMessage   `json:"backoff,omitempty"`
	NoRetry         []int             `json:"noRetryExitCodes,omitempty"`
	Successes       []int             `json:"successExitCodes,omitempty"`
	Usage           *Usage            `json:"usage,omitempty"`
	LogPath         string            `json:"logPath"`
	LogMaxBytes     int64             `json:"logMaxBytes"`              // 0 for no cap
	LogBytes        int64             `json:"logBytes"`                 // stored, of both streams
	LogDroppedBytes int64             `json:"logDroppedBytes"`          // written by the task and not stored
	OutputEnd       string            `json:"outputEnd,omitempty"`      // "unknown" if some output may be missing, uncounted
	TeeMissedBytes  int64             `json:"teeMissedBytes,omitempty"` // that readers of --tee did not get
	Stop            *Stop             `json:"stop,omitempty"`
	Progress        Progress          `json:"progress"`
	Result          json.RawMessage   `json:"result,omitempty"`     // what the current attempt gave as its result
	Steps           []Step            `json:"steps,omitzero"`       // nil unless asked for
	Attempts        []Attempt         `json:"attempts,omitzero"`    // nil unless asked for
	Host            string            `json:"host,omitempty"`       // that the home belongs to, if it is another one
	Unknown         string            `json:"unknown,omitempty"`    // why it can't be known from here whether it lives
	Fault           string            `json:"unreadable,omitempty"` // Unreadable in words

	// Spec is nil only if it could not be read.
	Spec *record.Spec `json:"-"`
	// Current is the state of the newest run, nil before its first.
	Current *record.State `json:"-"`
	// Report is what the current attempt has reported of itself, nil if it has
	// not, or this look had no need to know.
	Report *record.Progress `json:"-"`
	// Holder is the process that holds the task's lock, nil if nobody does or
	// that is not known: its shim, whichever recorded the state.
	Holder *record.Process `json:"-"`
	// Unreadable is a *RecordError, or nil when the records are whole.
	Unreadable error `json:"-"`
	// Unhealed is why this look could not do what a supervisor that was killed,
	// or met a full disk, left to do; nil when nothing is left.
	Unhealed error `json:"-"`
	// Bare tells that files are missing, or damaged, that the living supervisor can make
	// anew. It is set by a look that does not have that done.
	Bare bool `json:"-"`

	held   bool // run.lock
	unsaid bool // the run is over for its supervisor, but for the journal
}

// Usage is what the reaping of the tree counted.
type Usage struct {
	UserMs   int64 `json:"userMs"`
	SystemMs int64 `json:"systemMs"`
	MaxRSSKB int64 `json:"maxRssKb"`
}

// SpawnError is why a program could not be executed.
type SpawnError struct {
	Step    string `json:"step"`  // dir, exec, stdin, tee, env or shim
	Path    string `json:"path"`  // on what it failed
	Errno   int    `json:"errno"` // errno(3) of the system at hand, 0 for none
	Message string `json:"message"`
}

func spawnErrorOf(s *record.State) *SpawnError {
	if s.Unspawned == nil {
		return nil
	}
	e := SpawnError(*s.Unspawned)
	return &e
}

// Stop is a stop that was asked for: pending, or the one that the run ended
// with.
type Stop struct {
	RequestedAt string `json:"requestedAt"`
	By          string `json:"by"`
	Signal      string `json:"signal"`
	Reason      string `json:"reason,omitempty"`
}

// Terminal tells whether the newest run is over.
func (t *Task) Terminal() bool { return t.State.Terminal() }

// Open tells whether the newest run is not over. An unreadable task may be
// neither open nor terminal.
func (t *Task) Open() bool { return t.State != "" && !t.State.Terminal() }

// Supervised tells whether a shim, or someone about to start one, holds the
// task's lock. That of a run that is over may do so for a moment longer than
// Supervisor says.
func (t *Task) Supervised() bool { return t.held || t.Supervisor == SupervisorAlive }

// TreeGone tells whether nothing of the task's tree is left, with the run over and
// nobody supervising it. One who only waits for the journal does not: who holds
// that may be stopped for hours.
func (t *Task) TreeGone() bool {
	return t.Terminal() && t.Leftovers == 0 && (!t.Supervised() || t.unsaid)
}

// Printed tells whether output of the current attempt is known of.
func (t *Task) Printed() bool {
	s := t.Current
	return s != nil && (s.LogEnd > s.LogStart || s.ErrorsEnd > s.ErrorsStart)
}

// Age is how long ago the newest run was started, or the task was created if
// that start is not known, by the wall clock; 0 when both are unreadable.
func (t *Task) Age(now time.Time) time.Duration {
	for _, text := range []string{t.StartedAt, t.CreatedAt} {
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			return now.Sub(at)
		}
	}
	return 0
}

// Derive makes the task object out of what was read.
func (r *Reader) Derive(s *Snapshot) *Task {
	t := &Task{
		ID:          s.ID,
		Args:        none,
		Tags:        none,
		Channels:    none,
		Env:         noEnv,
		MaxAttempts: 1,
		LogPath:     r.tasks + s.ID + "/" + store.OutputStem + ".log",
		Spec:        s.Spec,
		Current:     s.State,
		Holder:      s.Holder,
		Unreadable:  s.Fault,
		held:        s.Held,
		unsaid:      s.Marked && s.Output == FIFOAbsent,
	}
	if s.Fault != nil {
		t.Fault = s.Fault.Error()
	}
	if s.Spec != nil {
		t.addSpec(s.Spec)
	}
	if s.State != nil {
		t.addState(s.State)
	} else if s.Fault == nil {
		t.State, t.Attempt = record.Claimed, 1
	}
	if t.State != "" {
		t.Status = record.StatusOf(t.State, t.Reason)
	}
	if t.Stop == nil {
		t.Stop = stopOf(s.Stop)
	}
	if t.Host = r.Home.Host(); s.Unknown != nil {
		t.Unknown = s.Unknown.Error()
	}
	t.Leftovers = s.leftovers()
	t.Supervisor = s.supervisor(t.Leftovers)
	t.Progress = t.Lifecycle()
	return t
}

// Shared by all tasks that have none, so that they are written as [] and {}.
var (
	none  = []string{}
	noEnv = map[string]string{}
)

func (t *Task) addSpec(s *record.Spec) {
	t.Name, t.Command, t.Workdir, t.Kind = s.Name, s.Command, s.Workdir, s.Kind
	if s.Args != nil {
		t.Args = s.Args
	}
	if s.Tags != nil {
		t.Tags = s.Tags
	}
	if len(s.EnvNames) > 0 {
		t.Env = make(map[string]string, len(s.EnvNames))
	}
	for _, name := range s.EnvNames {
		t.Env[name] = Redacted
	}
	t.ParentSessionID, t.NotifyOnExit, t.Metadata = s.SessionID, s.Notify, s.Metadata
	t.Run, t.RestartCount = s.Run, s.Run-s.FirstRun
	t.TimeLimitMs, t.KillGraceMs, t.WatchdogMs = s.TimeLimitMs, s.KillGraceMs, s.WatchdogMs
	t.WatchdogAction, t.Successes = s.WatchdogAction, s.SuccessExitCodes
	t.Stdin, t.SplitLogs, t.Tees, t.LogMaxBytes = s.Stdin, s.Split, s.Tees, s.LogMax
	t.StopSignal, t.LeftoversPolicy = s.Signal, s.Leftovers
	if t.MaxAttempts = max(s.Retry.MaxAttempts, 1); t.MaxAttempts > 1 {
		t.Backoff, t.NoRetry = s.Retry.Backoff.AppendJSON(nil), s.Retry.NoRetry
	}
	t.Channels = s.AllChannels()
	t.DedupeKey, t.ConcurrencyKey, t.SupersedeKey = s.DedupeKey, s.ConcurrencyKey, s.SupersedeKey
	if s.Schedule != nil {
		t.Queue, t.Priority, t.ScheduledAt = s.Schedule.Queue, s.Schedule.Priority, TimeOf(s.Schedule.NotBefore)
		for _, d := range s.Schedule.After {
			t.After = append(t.After, d.When+":"+d.ID)
		}
	}
	t.CreatedAt = TimeOf(s.CreatedAt)
	t.UpdatedAt = t.CreatedAt
}

func (t *Task) addState(s *record.State) {
	t.State, t.Reason, t.OOM = s.State, s.Reason, s.OOM
	t.SpawnError = spawnErrorOf(s)
	t.ExitCode, t.Signal = s.ExitCode, s.Signal
	t.Run, t.Attempt = s.Run, s.Attempt
	if s.Leader != nil {
		t.PID = s.Leader.PID
	}
	t.Containment, t.TeeMissedBytes, t.OutputEnd = s.Containment, s.TeeMissed, s.OutputEnd
	t.StartedAt, t.ExitedAt, t.UpdatedAt = TimeOf(s.StartedAt), TimeOf(s.ExitedAt), TimeOf(s.UpdatedAt)
	if s.Usage != nil {
		u := Usage(*s.Usage)
		t.Usage = &u
	}
	t.Stop = stopOf(s.Stop)
	if !s.RetryAt.IsZero() {
		t.ScheduledAt = TimeOf(s.RetryAt)
	}
}

func stopOf(s *record.Stop) *Stop {
	if s == nil {
		return nil
	}
	return &Stop{RequestedAt: TimeOf(s.RequestedAt), By: s.By, Signal: s.Signal, Reason: s.Reason}
}

// TimeOf gives "" for a time that is not known.
func TimeOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return string(record.AppendTime(make([]byte, 0, len(record.TimeFormat)), t))
}

// supervisor passes over the shim of a run that is over, with nothing left to
// supervise: it has the lock for another moment, and who asks would see now the
// one, now the other.
func (s *Snapshot) supervisor(leftovers int) Supervisor {
	switch {
	case s.Terminal() && leftovers == 0:
		return SupervisorNone
	case s.Held:
		return SupervisorAlive
	case s.Away != nil && !s.Waiting():
		return SupervisorUnknown
	case s.Open() && !s.Waiting():
		return SupervisorLost
	}
	return SupervisorNone
}
