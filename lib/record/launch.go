package record

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Launch is what a starter tells a shim: everything the shim needs of the
// spec, in a form that needs no JSON. It travels through a pipe, never through
// an argument list (P11). Environment values are not in it: they are the
// shim's own environment, which becomes the task's.
type Launch struct {
	ID           string
	Run, Attempt int
	RunToken     string
	TaskDir      string // absolute
	Home         string // absolute
	Path         string // the program, resolved by the starter
	Argv         []string
	Dir          string // the task's working directory
	Stdin        string
	Split        bool
	Tees         []string
	LogMax       int64
	Leftovers    string
	Signal       int // the polite signal's number
	SignalName   string
	GraceMs      int64
	TimeLimitMs  int64
	Successes    []int
	Umask        int      // the task's
	Limits       string   // as in Schedule; "" for the supervisor's own
	RestoreEnv   []string // K=V of the user's own values for the variables that tune the shim's runtime
	Labels       []byte   // Spec.EventLabels
	Retry        Retry
	WatchdogMs   int64
	OnWatchdog   string   // one of WatchdogActions
	Dispatcher   string   // the program to execute when the run is over and tasks wait; "" for none
	Replaced     []byte   // a line for the journal, to be written before that of the start; nil for none
	Adopt        Adoption // all zero for a start
}

// Adoption is what a shim must know of a run that another one started. Its
// members are plain, so that they travel as the others do.
type Adoption struct {
	Leader      Process
	StartedMs   int64  // Unix milliseconds
	Cgroup      string // that holds the tree, if one does
	Guessed     bool   // the leader was found by its looks: its exit status must not be taken for the command's
	Over        bool   // the run's end is recorded: only what is left of the tree is to be looked after
	TeeMissed   int64  // as in State, of the supervisors before
	LogStart    int64  // as in State
	ErrorsStart int64  // as in State
	OutputLost  bool   // State.OutputEnd is OutputUnknown
	Cause       Reason // why its supervisor was ending it without having been asked to; "" if it was not
	StopMs      int64  // when a stop was asked for that is not carried out yet; 0 for none
	Stop        Stop   // without its time
	StopNumber  int    // of Stop.Signal
	GraceLeftMs int64  // of Stop.GraceMs
}

// ShimTuning are the variables that a Go program's runtime obeys, with the
// values for the shim: one processor, as threads cost memory, and else the defaults, which
// were tested. The user's own values travel in Launch.RestoreEnv and are put back for the task.
func ShimTuning() []string {
	return []string{"GOMAXPROCS=1", "GOGC=", "GOMEMLIMIT=", "GODEBUG=", "GOTRACEBACK="}
}

// launchEnd closes a block, so that a starter killed while writing one is
// noticed.
const launchEnd = "end"

// AppendBlock appends the launch block: NUL-terminated entries "key=value".
func (l *Launch) AppendBlock(b []byte) []byte {
	put := func(key, value string) {
		b = append(append(append(append(b, key...), '='), value...), 0)
	}
	for _, f := range l.fields() {
		f.each(func(v string) { put(f.key, v) })
	}
	return append(append(b, launchEnd...), 0)
}

// ErrLaunchBlock says that a launch block is cut short or not one of ours.
var ErrLaunchBlock = errors.New("launch block is incomplete")

// ParseLaunch reads a launch block. Unknown keys are refused, and so are missing
// ones: starter and shim are of one version.
func ParseLaunch(block []byte) (*Launch, error) {
	l := &Launch{}
	fields := l.fields()
	given := make([]bool, len(fields))
	rest := string(block)
	for {
		entry, tail, found := strings.Cut(rest, "\x00")
		if !found {
			return nil, ErrLaunchBlock
		}
		if entry == launchEnd && tail == "" {
			return l, missingField(fields, given)
		}
		if err := setField(fields, given, entry); err != nil {
			return nil, err
		}
		rest = tail
	}
}

func setField(fields []field, given []bool, entry string) error {
	key, value, found := strings.Cut(entry, "=")
	if !found {
		return ErrLaunchBlock
	}
	for i := range fields {
		if f := &fields[i]; f.key == key {
			given[i] = true
			return f.set(value)
		}
	}
	return errors.New("launch block has an unknown key " + strconv.Quote(key))
}

// missingField is the error of a block in which a key has no value.
func missingField(fields []field, given []bool) error {
	for i := range fields {
		if f := &fields[i]; !given[i] && !f.list() {
			return errors.New("launch block has no key " + strconv.Quote(f.key))
		}
	}
	return nil
}

// field ties a key of the block to a member of Launch, for both directions. What
// it points to says how it travels: a closure for each would be 16 KB of the shim.
type field struct {
	key string
	at  any
}

// list tells whether the member may have no value.
func (f *field) list() bool {
	switch f.at.(type) {
	case *[]string, *[]int:
		return true
	}
	return false
}

func (l *Launch) fields() []field {
	return []field{
		{"id", &l.ID}, {"run", &l.Run}, {"attempt", &l.Attempt}, {"token", &l.RunToken},
		{"taskdir", &l.TaskDir}, {"home", &l.Home},
		{"path", &l.Path}, {"arg", &l.Argv}, {"dir", &l.Dir}, {"stdin", &l.Stdin},
		{"split", &l.Split}, {"tee", &l.Tees}, {"logmax", &l.LogMax},
		{"leftovers", &l.Leftovers}, {"signal", &l.Signal}, {"signalname", &l.SignalName},
		{"grace", &l.GraceMs}, {"timelimit", &l.TimeLimitMs}, {"success", &l.Successes},
		{"umask", &l.Umask}, {"limits", &l.Limits}, {"restore", &l.RestoreEnv}, {"labels", &l.Labels},
		{"maxattempts", &l.Retry.MaxAttempts}, {"noretry", &l.Retry.NoRetry},
		{"mindelay", &l.Retry.Backoff.MinDelayMs}, {"maxdelay", &l.Retry.Backoff.MaxDelayMs},
		{"factor", &l.Retry.Backoff.FactorMilli}, {"jitter", &l.Retry.Backoff.JitterMilli},
		{"watchdog", &l.WatchdogMs}, {"onwatchdog", &l.OnWatchdog}, {"dispatcher", &l.Dispatcher}, {"replaced", &l.Replaced},
		{"leaderboot", &l.Adopt.Leader.BootID}, {"leaderpid", &l.Adopt.Leader.PID},
		{"leaderticks", &l.Adopt.Leader.StartTicks}, {"startedms", &l.Adopt.StartedMs},
		{"leaderpidns", &l.Adopt.Leader.PIDNS}, {"leadertimens", &l.Adopt.Leader.TimeNS},
		{"cgroup", &l.Adopt.Cgroup}, {"guessed", &l.Adopt.Guessed}, {"over", &l.Adopt.Over},
		{"teemissed", &l.Adopt.TeeMissed}, {"logstart", &l.Adopt.LogStart},
		{"errorsstart", &l.Adopt.ErrorsStart}, {"outputlost", &l.Adopt.OutputLost}, {"cause", &l.Adopt.Cause}, {"stopms", &l.Adopt.StopMs}, {"stopby", &l.Adopt.Stop.By},
		{"stopsignal", &l.Adopt.Stop.Signal}, {"stopnumber", &l.Adopt.StopNumber},
		{"stopgrace", &l.Adopt.Stop.GraceMs}, {"stopreason", &l.Adopt.Stop.Reason},
		{"stopcause", &l.Adopt.Stop.Cause}, {"graceleft", &l.Adopt.GraceLeftMs},
	}
}

// each calls put with every value of the member; only those of a list may be more
// or less than one.
func (f *field) each(put func(string)) {
	switch at := f.at.(type) {
	case *string:
		put(*at)
	case *Reason:
		put(string(*at))
	case *[]byte:
		put(string(*at))
	case *bool:
		put(strconv.FormatBool(*at))
	case *int:
		put(strconv.Itoa(*at))
	case *int64:
		put(strconv.FormatInt(*at, 10))
	case *uint64:
		put(strconv.FormatUint(*at, 10))
	case *[]string:
		for _, v := range *at {
			put(v)
		}
	case *[]int:
		for _, v := range *at {
			put(strconv.Itoa(v))
		}
	}
}

// set takes a value that each gave.
func (f *field) set(v string) (err error) {
	switch at := f.at.(type) {
	case *string:
		*at = v
	case *Reason:
		*at = Reason(v)
	case *[]byte:
		*at = []byte(v)
	case *bool:
		*at, err = strconv.ParseBool(v)
	case *int:
		*at, err = strconv.Atoi(v)
	case *int64:
		*at, err = strconv.ParseInt(v, 10, 64)
	case *uint64:
		*at, err = strconv.ParseUint(v, 10, 64)
	case *[]string:
		*at = append(*at, v)
	case *[]int:
		n, wrong := strconv.Atoi(v)
		*at, err = append(*at, n), wrong
	}
	return err
}

// Report is what a shim tells its starter, once: the program runs, or why not.
type Report struct {
	PID    int    // of the leader, when it was executed
	Stage  string // what failed otherwise: one of the Stage constants
	Errno  int    // why, as errno(3); 0 when Detail alone tells
	Detail string // on what
}

// The stages at which a start can fail.
const (
	StageShim  = "shim"  // setting up the supervisor itself
	StageStdin = "stdin" // opening the file given as standard input
	StageTee   = "tee"   // opening a file given with --tee
	StageDir   = "dir"   // entering the working directory
	StageExec  = "exec"  // executing the program
	StageEnv   = "env"   // reading the environment that a task that waits was given
)

// AppendReport appends the report as a line with NUL-separated fields.
func (r *Report) AppendReport(b []byte) []byte {
	for _, f := range []string{strconv.Itoa(r.PID), r.Stage, strconv.Itoa(r.Errno), r.Detail} {
		b = append(append(b, f...), 0)
	}
	return append(b, '\n')
}

// ErrReport says that the shim ended before it could report.
var ErrReport = errors.New("the supervisor ended before it reported")

// ParseReport reads what AppendReport wrote.
func ParseReport(b []byte) (*Report, error) {
	fields := strings.Split(string(b), "\x00")
	if len(fields) != 5 || fields[4] != "\n" {
		return nil, ErrReport
	}
	pid, err1 := strconv.Atoi(fields[0])
	errno, err2 := strconv.Atoi(fields[2])
	if err1 != nil || err2 != nil {
		return nil, ErrReport
	}
	return &Report{PID: pid, Stage: fields[1], Errno: errno, Detail: fields[3]}, nil
}

// Doorbell messages. One is one write of at most MaxMessage bytes to ctl.fifo,
// and so arrives whole (pipe(7), PIPE_BUF).
const (
	// MaxMessage is _POSIX_PIPE_BUF, the least that every system grants.
	MaxMessage = 512
	// MaxStopReason keeps a stop message within MaxMessage.
	MaxStopReason = 256
	// ListenMessage asks the shim to look for new bells of log followers.
	ListenMessage = "listen\n"
	// AliveMessage says that the task has reported something of itself, which its
	// watchdog takes for a sign of life.
	AliveMessage = "alive\n"

	// DueMessage says that a report has left lines for the journal in the task's
	// directory, which are to be written a little later.
	DueMessage = "due\n"
)

const stopMessage = "stop"

// AppendMessage appends the doorbell message that asks for the stop; number is
// that of s.Signal on this system.
func (s *Stop) AppendMessage(b []byte, number int) []byte {
	for _, f := range []string{stopMessage, strconv.FormatInt(s.RequestedAt.UnixMilli(), 10), s.By, s.Signal,
		strconv.Itoa(number), strconv.FormatInt(s.GraceMs, 10), string(s.Cause), s.Reason} {
		b = append(append(b, strings.ReplaceAll(f, "\n", " ")...), 0)
	}
	b[len(b)-1] = '\n'
	return b
}

// ParseStop reads a stop message without its newline. ok is false for any
// other message.
func ParseStop(message string) (stop *Stop, number int, ok bool) {
	f := strings.Split(message, "\x00")
	if len(f) != 8 || f[0] != stopMessage {
		return nil, 0, false
	}
	at, err1 := strconv.ParseInt(f[1], 10, 64)
	number, err2 := strconv.Atoi(f[4])
	grace, err3 := strconv.ParseInt(f[5], 10, 64)
	if errors.Join(err1, err2, err3) != nil {
		return nil, 0, false
	}
	return &Stop{RequestedAt: time.UnixMilli(at), By: f[2], Signal: f[3], GraceMs: grace, Cause: Reason(f[6]), Reason: f[7]}, number, true
}
