package record

import (
	"encoding/base64"
	"slices"
	"time"
	"unicode/utf8"
)

// Leftover policies: what the shim does with the rest of the tree when the
// leader ends by itself.
const (
	LeftoversKeep = "keep" // the run is over; the rest lives on, its output is still taken
	LeftoversWait = "wait" // the run is over when the last of the tree has ended
	LeftoversKill = "kill" // the rest is killed, then the run is over
)

// LeftoverPolicies lists them, the default first.
var LeftoverPolicies = []string{LeftoversKeep, LeftoversWait, LeftoversKill}

// Defaults of a spec.
const (
	DefaultKind   = "command"
	DefaultGrace  = 5 * time.Second
	DefaultSignal = "TERM"
	DefaultLogMax = 128 << 20
)

// MaxMetadata is the most bytes that a caller's own metadata may have.
const MaxMetadata = 16 << 10

// Spec is what to run: the whole of spec.json, written once a run by whoever
// starts or restarts the task.
type Spec struct {
	ID        string
	Run       int
	FirstRun  int    // 1, or the next number after an ended task of the same id that this one replaced
	RunToken  string // tells this run from all others, of any task in any home; "" in a record of an older version
	Name      string
	Command   string
	Args      []string
	Workdir   string
	EnvNames  []string // names only: values are in no record (P11)
	KeepEnv   bool     // the values of EnvNames are kept in a file of the task's directory, for later runs
	Tags      []string
	Kind      string
	SessionID string // parentSessionId: the owner
	Notify    bool   // notifyOnExit
	Metadata  []byte // a JSON object as the caller gave it, or nil

	Channels       []string // those given; record.Channels adds those that are implied
	DedupeKey      string   // while a task of the same kind and key is open, a start gives that one
	ConcurrencyKey string   // of all tasks with the same key one runs at a time
	SupersedeKey   string   // a start ends the open tasks of the same kind and key
	KeepsOthers    bool     // it does not: the SupersedeKey is only recorded

	Schedule *Schedule // nil for a task that is started at once and by its starter
	Retry    Retry

	Stdin            string   // a file, "" for /dev/null
	Split            bool     // stderr has a FIFO and a log of its own
	Tees             []string // files or FIFOs that get a copy of the output
	LogMax           int64    // bytes, 0 for no cap
	Leftovers        string
	Signal           string // the polite signal of a stop or time limit
	KillGraceMs      int64
	TimeLimitMs      int64 // 0 for none
	SuccessExitCodes []int // codes beside 0 that count as success
	WatchdogMs       int64 // the longest time without a sign of life; 0 for any
	WatchdogAction   string

	CreatedAt time.Time
	StartedBy Process // who published this run; its boot id outlives a lost state.json
}

// AppendJSON appends the spec as one line of JSON without the newline.
func (s *Spec) AppendJSON(b []byte) []byte {
	o := openObject(b)
	o.int("v", Version)
	o.str("id", s.ID)
	o.int("run", int64(s.Run))
	o.int("firstRun", int64(s.FirstRun))
	o.optStr("runToken", s.RunToken)
	o.str("name", s.Name)
	o.str("command", s.Command)
	o.strs("args", s.Args)
	o.str("workdir", s.Workdir)
	o.optStrs("envNames", s.EnvNames)
	if s.KeepEnv {
		o.bool("keepEnv", true)
	}
	s.appendLabels(&o)
	if s.KeepsOthers {
		o.bool("supersedeExisting", false)
	}
	o.raw("metadata", s.Metadata)
	s.appendPolicy(&o)
	o.schedule("schedule", s.Schedule)
	o.retry(&s.Retry)
	o.time("createdAt", s.CreatedAt)
	o.process("startedBy", &s.StartedBy)
	s.appendBytes(&o)
	return o.close()
}

// appendBytes writes what is no UTF-8, such as a file name in an older encoding,
// a second time in base64 (RFC 4648, padded): a restart must run what was
// started, byte for byte, and JSON strings can't carry it.
func (s *Spec) appendBytes(o *object) {
	all := slices.Concat([]string{s.Command, s.Workdir, s.Stdin}, s.Args, s.Tees)
	if !slices.ContainsFunc(all, func(v string) bool { return !utf8.ValidString(v) }) {
		return
	}
	o.object("bytes", func(in *object) {
		in.str("command", inBase64(s.Command))
		in.strs("args", eachInBase64(s.Args))
		in.str("workdir", inBase64(s.Workdir))
		in.optStr("stdin", inBase64(s.Stdin))
		in.optStrs("tees", eachInBase64(s.Tees))
	})
}

func inBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func eachInBase64(list []string) []string {
	encoded := make([]string, len(list))
	for i, s := range list {
		encoded[i] = inBase64(s)
	}
	return encoded
}

func (s *Spec) appendLabels(o *object) {
	o.strs("tags", s.Tags)
	o.str("kind", s.Kind)
	o.optStr("parentSessionId", s.SessionID)
	if s.Notify {
		o.bool("notifyOnExit", true)
	}
	o.optStrs("channels", s.Channels)
	o.optStr("dedupeKey", s.DedupeKey)
	o.optStr("concurrencyKey", s.ConcurrencyKey)
	o.optStr("supersedeKey", s.SupersedeKey)
}

// Supersedes tells whether a run of the task ends others.
func (s *Spec) Supersedes() bool { return s.SupersedeKey != "" && !s.KeepsOthers }

func (s *Spec) appendPolicy(o *object) {
	o.optStr("stdin", s.Stdin)
	if s.Split {
		o.bool("split", true)
	}
	o.optStrs("tees", s.Tees)
	o.int("logMaxBytes", s.LogMax)
	o.str("leftovers", s.Leftovers)
	o.str("signal", s.Signal)
	o.int("killGraceMs", s.KillGraceMs)
	o.optInt("timeLimitMs", s.TimeLimitMs)
	o.ints("successExitCodes", s.SuccessExitCodes)
	o.optInt("watchdogMs", s.WatchdogMs)
	o.optStr("watchdogAction", s.WatchdogAction)
}

// EventLabels gives the members that every journal line of the task carries
// so that readers can filter without opening the task, and tell it from another
// one under the same id: encoded once by the starter, pasted as they are by the
// shim.
func (s *Spec) EventLabels() []byte {
	o := openObject(nil)
	s.appendLabels(&o)
	if s.Schedule != nil {
		o.optStr("queue", s.Schedule.Queue)
	}
	if !s.CreatedAt.IsZero() {
		o.time("createdAt", s.CreatedAt)
	}
	return o.buf[1:]
}
