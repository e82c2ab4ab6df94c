package payload

import (
	"fmt"
	"strings"

	"bgtasks/lib/fault"
)

// QueuePayload looks at queues and changes them.
type Queue struct {
	Action QueueAction  `json:"action,omitempty" jsonschema:"list: show the queues; set: set slots or a limit; pause: start no tasks; resume: start and accept tasks again; drain: accept no tasks, and wait until the queue is empty; kick: start all tasks that may run now. list when absent."`
	Queue  QueueName    `json:"queue,omitempty" jsonschema:"The queue."`
	Queues []QueueName  `json:"queues,omitempty" jsonschema:"Several queues, to pause or resume."`
	All    bool         `json:"all,omitempty" jsonschema:"All queues, to pause or resume."`
	Slots  *Positive    `json:"slots,omitempty" jsonschema:"How many tasks of the queue run at once; 1 for a queue that was never set."`
	Kind   Text         `json:"kind,omitempty" jsonschema:"The kind that the limit applies to."`
	Limit  *NonNegative `json:"limit,omitempty" jsonschema:"How many tasks of the kind run at once; 0 for any number."`
}

// QueueAction is what is done with queues.
type QueueAction string

// The actions of QueuePayload.
const (
	QueueList   QueueAction = "list"
	QueueSet    QueueAction = "set"
	QueuePause  QueueAction = "pause"
	QueueResume QueueAction = "resume"
	QueueDrain  QueueAction = "drain"
	QueueKick   QueueAction = "kick"
)

// QueueActions lists them.
var QueueActions = []QueueAction{QueueList, QueueSet, QueuePause, QueueResume, QueueDrain, QueueKick}

// queueMembers are the members beside the action that each action takes.
var queueMembers = map[QueueAction][]string{
	QueueSet:    {"queue", "slots", "kind", "limit"},
	QueuePause:  {"queue", "queues", "all"},
	QueueResume: {"queue", "queues", "all"},
	QueueDrain:  {"queue"},
}

// Names gives the queues that are named.
func (p *Queue) Names() (names []string) {
	for _, q := range p.Queues {
		names = append(names, string(q))
	}
	if p.Queue != "" {
		names = append(names, string(p.Queue))
	}
	return names
}

// check finds what a schema can't say: which members belong together.
func (p *Queue) check(f *faults) {
	if p.Action == "" {
		p.Action = QueueList
	}
	given := map[string]bool{"queue": p.Queue != "", "queues": p.Queues != nil, "all": p.All, "slots": p.Slots != nil,
		"kind": p.Kind != "", "limit": p.Limit != nil}
	for _, name := range []string{"queue", "queues", "all", "slots", "kind", "limit"} {
		if given[name] && !contains(queueMembers[p.Action], name) {
			f.refine([]any{name}, fmt.Sprintf("Expected no %s with the action %s", name, p.Action))
		}
	}
	switch p.Action {
	case QueueSet:
		for _, pair := range []struct{ member, what, beside string }{
			{"slots", "a number", "queue"}, {"queue", "a name", "slots"}, {"limit", "a number", "kind"}, {"kind", "a kind", "limit"},
		} {
			if given[pair.beside] && !given[pair.member] {
				f.refine([]any{pair.member}, "Expected "+pair.what+" beside "+pair.beside)
			}
		}
		if !given["queue"] && !given["kind"] && !given["slots"] && !given["limit"] {
			f.refine([]any{"queue"}, "Expected a queue and its slots, or a kind and its limit")
		}
	case QueueDrain:
		if !given["queue"] {
			f.refine([]any{"queue"}, "Expected a queue")
		}
	case QueuePause, QueueResume:
		if len(p.Names()) == 0 && !p.All {
			f.refine([]any{"queue"}, "Expected a queue, queues, or all")
		}
	}
	checkKey(f, p.Kind, "kind")
	checkCount(f, (*int64)(p.Slots), "slots")
	checkCount(f, (*int64)(p.Limit), "limit")
}

// checkCount keeps a number within what can be counted.
func checkCount(f *faults, n *int64, path ...any) {
	if n != nil && *n > maxCount {
		f.refine(path, fmt.Sprintf("Expected at most %d, actual %d", maxCount, *n))
	}
}

func contains(list []string, word string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}

// Check is check for a payload that is made of flags, whose names are those of its
// members.
func (p *Queue) Check() error {
	f := &faults{}
	p.check(f)
	if len(f.issues) == 0 {
		return nil
	}
	issue := f.issues[0]
	name := fmt.Sprint(issue.Path[0])
	if name != "queue" && name != "queues" {
		name = "--" + name
	}
	return fault.Usage("%s: %s", name, fault.LowerFirst(strings.ReplaceAll(issue.Message, "actual", "got")))
}
