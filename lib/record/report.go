package record

import (
	"strconv"
	"time"
)

// Bounds of what a task says about itself, in bytes as they are given.
const (
	MaxLabel       = 1 << 10
	MaxStepMessage = 4 << 10
	MaxStepWord    = 64 // of a step's kind, and of its level
	MaxResult      = 1 << 20
)

// The kinds and levels of steps that readers know; a task may use others. The
// first of each is the default.
var (
	StepKinds  = []string{"step", "event", "checkpoint", "log"}
	StepLevels = []string{"info", "debug", "success", "warn", "error"}
)

// Progress is what an attempt last said of itself: the whole of progress.json.
// It is about that attempt only: to a reader a report of another one is as good
// as none, so nobody has to clear it when the next begins.
type Progress struct {
	Run, Attempt int
	Percent      *float64  // 0 to 100, to three decimals; nil for none
	Label        string    // "" for none
	Meta         []byte    // a JSON object, or nil
	UpdatedAt    time.Time // of the last report but heartbeats; zero before the first
	HeartbeatAt  time.Time // of the last heartbeat; zero before the first
	Result       []byte    // a JSON value, which may be null; nil for none
}

// AppendJSON appends the progress as one line of JSON without the newline.
func (p *Progress) AppendJSON(b []byte) []byte {
	o := openObject(b)
	o.int("v", Version)
	o.int("run", int64(p.Run))
	o.int("attempt", int64(p.Attempt))
	p.appendFields(&o)
	o.raw("result", p.Result)
	return o.close()
}

// AppendMember appends the progress as a member of a journal line, for
// Event.Extra. Of a result only the size is told.
func (p *Progress) AppendMember(b []byte) []byte {
	o := object{buf: b, first: true}
	o.object("progress", p.appendFields)
	o.optInt("resultBytes", int64(len(p.Result)))
	return o.buf
}

func (p *Progress) appendFields(o *object) {
	o.percent(p.Percent)
	if p.Label == "" {
		o.null("label")
	} else {
		o.str("label", p.Label)
	}
	o.rawOrNull("meta", p.Meta)
	o.optTime("updatedAt", p.UpdatedAt)
	o.optTime("lastHeartbeatAt", p.HeartbeatAt)
}

// Step is something that a task did: a line of steps.ndjson.
type Step struct {
	Sequence     int64 // from 1, in the order of the lines of this task
	TaskID       string
	Run, Attempt int
	Kind         string
	Level        string
	Message      string
	Meta         []byte   // a JSON object, or nil
	Percent      *float64 // as in Progress
	CreatedAt    time.Time
}

// AppendJSON appends the step as one line of JSON with its newline.
func (s *Step) AppendJSON(b []byte) []byte {
	o := openObject(b)
	o.int("v", Version)
	s.appendFields(&o)
	return append(o.close(), '\n')
}

// AppendMember appends the step as a member of a journal line, for Event.Extra.
func (s *Step) AppendMember(b []byte) []byte {
	o := object{buf: b, first: true}
	o.object("step", s.appendFields)
	return o.buf
}

func (s *Step) appendFields(o *object) {
	o.str("id", strconv.FormatInt(s.Sequence, 10))
	o.str("taskId", s.TaskID)
	o.int("run", int64(s.Run))
	o.int("attempt", int64(s.Attempt))
	o.str("kind", s.Kind)
	o.str("level", s.Level)
	o.str("message", s.Message)
	o.rawOrNull("meta", s.Meta)
	o.percent(s.Percent)
	o.time("createdAt", s.CreatedAt)
}

func (o *object) rawOrNull(name string, v []byte) {
	if len(v) == 0 {
		o.null(name)
		return
	}
	o.raw(name, v)
}

// percent writes a share in the shortest way, without an exponent.
func (o *object) percent(v *float64) {
	if v == nil {
		o.null("percent")
		return
	}
	o.key("percent")
	o.buf = strconv.AppendFloat(o.buf, *v, 'f', -1, 64)
}
