package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"bgtasks/lib/fault"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// The payload types are the JSON command line's input. Their tags are the
// schemas: descriptions here, constraints by the types of the fields (see
// constraints in schema_test.go). The text flags fill the same types.

// TaskID names one task, exactly. White space around an id is dropped. What can't be
// an id is no fault of a look-up: it names no task.
type TaskID string

// UnmarshalText takes an id without the space around it, and other words as they are.
func (id *TaskID) UnmarshalText(text []byte) error {
	*id = TaskID(text)
	if word := strings.TrimSpace(string(text)); record.ValidID(word) {
		*id = TaskID(word)
	}
	return nil
}

// IDWhy completes record.IDGrammar for who chooses an id.
const IDWhy = "; no ':', which parts ids, as in afterok:ID:ID"

// NewTaskID names a task that is to be made; blank leaves the choice to the
// suite. White space around it is dropped.
type NewTaskID string

// UnmarshalText takes the id without the space around it.
func (id *NewTaskID) UnmarshalText(text []byte) error {
	*id = NewTaskID(strings.TrimSpace(string(text)))
	return nil
}

// Text is a string that is not empty.
type Text string

// Object is a JSON object, kept as it was written.
type Object json.RawMessage

// UnmarshalJSON keeps the bytes.
func (o *Object) UnmarshalJSON(data []byte) error {
	*o = append((*o)[:0], data...)
	return nil
}

// Environment are variables by name. A fault in one is told without its value
// (P11).
type Environment map[string]string

// Enumerations.
type (
	StatusName   string
	StateName    string
	LeftoverName string
)

// Numbers.
type (
	Positive    int64 // at least 1
	NonNegative int64
	ExitCode    int // 0 to 255
)

// UnmarshalJSON reads an integer in any of JSON's notations.
func (n *Positive) UnmarshalJSON(data []byte) (err error) {
	*n, err = integer[Positive](data)
	return err
}

// UnmarshalJSON reads an integer in any of JSON's notations.
func (n *NonNegative) UnmarshalJSON(data []byte) (err error) {
	*n, err = integer[NonNegative](data)
	return err
}

// UnmarshalJSON reads an integer in any of JSON's notations.
func (n *ExitCode) UnmarshalJSON(data []byte) (err error) {
	*n, err = integer[ExitCode](data)
	return err
}

// integer reads 1, 1.0 and 1e0 alike, as JSON Schema does. The schemas' maxima
// keep it exact.
func integer[T ~int | ~int64](data []byte) (T, error) {
	f, err := strconv.ParseFloat(string(data), 64)
	if err != nil || f != math.Trunc(f) {
		return 0, fmt.Errorf("expected an integer, got %s", data)
	}
	return T(f), nil
}

// StartPayload is a task to start.
type Start struct {
	ID        NewTaskID    `json:"id,omitempty" jsonschema:"The task's id. Generated when absent. The id of a finished task replaces that task."`
	Name      Text         `json:"name,omitempty" jsonschema:"A name for people. The command's base name when absent."`
	Command   Text         `json:"command" jsonschema:"The program to execute, directly and without a shell."`
	Args      []string     `json:"args,omitempty" jsonschema:"The program's arguments, passed on as they are."`
	Workdir   Text         `json:"workdir,omitempty" jsonschema:"The working directory; the caller's when absent."`
	Env       Environment  `json:"env,omitempty" jsonschema:"Environment variables to add to the caller's. Values are in no record."`
	KeepEnv   *bool        `json:"keepEnv,omitempty" jsonschema:"Whether the values of env are kept for a restart after the end, in a file that only the owner can read; false when absent, but true for background-tasks."`
	Tags      []string     `json:"tags,omitempty" jsonschema:"Words to find the task by."`
	SessionID Text         `json:"parentSessionId,omitempty" jsonschema:"The owner: a shell, a CI job or an agent session."`
	Notify    bool         `json:"notifyOnExit,omitempty" jsonschema:"Whether the owner wants to be notified of the end."`
	Kind      Text         `json:"kind,omitempty" jsonschema:"The kind of the task, at most 512 bytes; command when absent."`
	Metadata  Object       `json:"metadata,omitempty" jsonschema:"The caller's own object, at most 16 KiB."`
	Stdin     Text         `json:"stdin,omitempty" jsonschema:"A file for the standard input; empty when absent."`
	Split     bool         `json:"split,omitempty" jsonschema:"Whether stderr gets a log of its own."`
	Tees      []Text       `json:"tees,omitempty" jsonschema:"Files or FIFOs that get a copy of the output."`
	LogMax    *Size        `json:"logMax,omitempty" jsonschema:"The largest size of the log, in bytes or as in 10MiB; 0 for no cap; 128MiB when absent."`
	TimeLimit Positive     `json:"timeLimitMs,omitempty" jsonschema:"The time after which the task is ended, in milliseconds."`
	Grace     *NonNegative `json:"killGraceMs,omitempty" jsonschema:"The time between the polite signal and KILL, in milliseconds; 5000 when absent."`
	Signal    Text         `json:"signal,omitempty" jsonschema:"The polite signal that ends the task; TERM when absent."`
	Leftovers LeftoverName `json:"leftovers,omitempty" jsonschema:"What happens to processes that outlive the leader; keep when absent."`
	Successes []ExitCode   `json:"successExitCodes,omitempty" jsonschema:"Exit codes besides 0 that count as success."`
	SchedulePayload
}

// TaskPayload names a task: for status and wait.
type Task struct {
	ID TaskID `json:"id" jsonschema:"The task's id."`
}

// LogsPayload asks for the end of a task's output.
type Logs struct {
	ID      TaskID   `json:"id" jsonschema:"The task's id."`
	Lines   Positive `json:"lines,omitempty" jsonschema:"How many of the last lines to give; 100 when absent."`
	Stderr  bool     `json:"stderr,omitempty" jsonschema:"Only the stderr of a task that was started with split; both streams when absent."`
	Run     Positive `json:"run,omitempty" jsonschema:"Only the output of this run; the newest run when absent."`
	Attempt Positive `json:"attempt,omitempty" jsonschema:"Only the output of this attempt, of the newest run unless run is given."`
	AllRuns bool     `json:"allRuns,omitempty" jsonschema:"The output of all runs, not only of the newest."`
}

// StopPayload is a task to end.
type Stop struct {
	ID     TaskID       `json:"id" jsonschema:"The task's id."`
	Reason Text         `json:"reason,omitempty" jsonschema:"The reason, in the caller's words; at most 256 bytes."`
	Signal Text         `json:"signal,omitempty" jsonschema:"The polite signal; the task's own when absent."`
	Grace  *NonNegative `json:"graceMs,omitempty" jsonschema:"The time between the polite signal and KILL, in milliseconds; the task's own when absent."`
}

// RestartPayload is a task to run again.
type Restart struct {
	ID  TaskID      `json:"id" jsonschema:"The task's id."`
	Env Environment `json:"env,omitempty" jsonschema:"Environment variables to set or replace. Values that were given at the start are in no record."`
}

// DefaultLines is how many log lines JSON mode gives when not told.
const DefaultLines = 100

// BlankCommand is the failure of a start whose command is white space.
func BlankCommand() error {
	return fault.Input("command must not be blank", fault.With("field", "command"), fault.With("expected", "non-empty string"),
		fault.With("hint", "Give the program to execute as command, and its arguments as args."))
}

// ParseObject reads a JSON object that is given as a flag; "" is none.
func ParseObject(flag, text string) (Object, error) {
	if text == "" {
		return nil, nil
	}
	t, err := ParseTree([]byte(text))
	if err != nil {
		return nil, fault.Usage("%s: expected a JSON object: %v", flag, err)
	}
	if t.Kind != "object" {
		return nil, fault.Usage("%s: expected a JSON object, got %s", flag, t.actual())
	}
	if err := t.UnicodeError(); err != nil {
		return nil, fault.Usage("%s: %v", flag, err)
	}
	if len(text) > record.MaxMetadata {
		return nil, fault.Usage("%s: expected at most %d bytes, got %d", flag, record.MaxMetadata, len(text))
	}
	return Object(text), nil
}

// CompactObject gives an object without the space between its parts, so that
// it fits on one line.
func CompactObject(o Object) []byte {
	if len(o) == 0 {
		return nil
	}
	var b bytes.Buffer
	if err := json.Compact(&b, o); err != nil {
		return nil
	}
	return b.Bytes()
}

// check refuses what would choose one thing in two ways.
func (p *Logs) check(f *faults) {
	if p.AllRuns && (p.Run > 0 || p.Attempt > 0) {
		f.refine([]any{"allRuns"}, "Expected no run and no attempt beside it")
	}
}

// checkLimits keeps times within what the suite can count.
func (p *Start) checkLimits(f *faults) {
	checkSpan(f, int64(p.TimeLimit), "timeLimitMs")
	if p.Grace != nil {
		checkSpan(f, int64(*p.Grace), "killGraceMs")
	}
}

// check finds what a schema can't say.
func (p *Start) check(f *faults) {
	p.checkStrings(f)
	p.checkLimits(f)
	checkKey(f, p.Kind, "kind")
	checkLength(f, len(p.Tags), MaxWords, "tags")
	checkSignal(f, p.Signal)
	checkEnv(f, p.Env)
	p.SchedulePayload.check(f, p.ID, p.Kind)
	if len(p.Metadata) > record.MaxMetadata {
		f.refine([]any{"metadata"}, fmt.Sprintf("Expected at most %d bytes, actual %d", record.MaxMetadata, len(p.Metadata)))
	}
}

// checkStrings refuses NUL bytes, which execve(2) can't pass on and nobody means, and
// what is no UTF-8 where it would be recorded as something else. Words of the command
// and names of files may be any bytes.
func (p *Start) checkStrings(f *faults) {
	for _, m := range [...]struct {
		name string
		text Text
	}{{"command", p.Command}, {"workdir", p.Workdir}, {"stdin", p.Stdin}} {
		refuseNUL(f, string(m.text), m.name)
	}
	checkText(f, string(p.Name), "name")
	checkText(f, string(p.SessionID), "parentSessionId")
	for i, arg := range p.Args {
		refuseNUL(f, arg, "args", i)
	}
	for i, tag := range p.Tags {
		checkText(f, tag, "tags", i)
	}
	for i, tee := range p.Tees {
		refuseNUL(f, string(tee), "tees", i)
	}
}

// checkText refuses what can't be recorded as it is.
func checkText(f *faults, s string, path ...any) {
	if strings.Contains(s, "\x00") || !utf8.ValidString(s) {
		f.refine(path, "Expected a string of UTF-8 without NUL")
	}
}

func refuseNUL(f *faults, s string, path ...any) {
	if strings.Contains(s, "\x00") {
		f.refine(path, "Expected a string without NUL")
	}
}

func checkEnv(f *faults, env Environment) {
	for name, value := range env {
		if !validVariable(name) {
			f.refine([]any{"env", name}, "Expected the name of a variable, not empty and without '=' and NUL")
		}
		if record.IsMark(name) {
			f.refine([]any{"env", name}, "Expected another name of a variable, "+whyMark)
		}
		refuseNUL(f, value, "env", name)
	}
}

// whyMark is why nobody can set a variable that tells a task's processes whose they are.
const whyMark = "this is set for each task by itself, so that its processes tell whose they are"

func validVariable(name string) bool {
	return name != "" && !strings.ContainsAny(name, "=\x00") && utf8.ValidString(name)
}

func checkSignal(f *faults, name Text) {
	if name == "" {
		return
	}
	if _, err := proc.ParseSignal(string(name)); err != nil {
		f.refine([]any{"signal"}, "Expected a signal such as TERM, SIGTERM or 15: "+err.Error())
	}
}

func (p *Stop) check(f *faults) {
	checkSignal(f, p.Signal)
	if p.Grace != nil {
		checkSpan(f, int64(*p.Grace), "graceMs")
	}
	checkText(f, string(p.Reason), "reason")
	if len(p.Reason) > record.MaxStopReason {
		f.refine([]any{"reason"}, fmt.Sprintf("Expected at most %d bytes, actual %d", record.MaxStopReason, len(p.Reason)))
	}
}

func (p *Restart) check(f *faults) { checkEnv(f, p.Env) }
