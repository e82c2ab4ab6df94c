package cli

import (
	"errors"
	"slices"
	"strings"

	"bgtasks/lib/fault"
	"bgtasks/lib/find"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// Words are the arguments of a verb that takes tasks.
type Words struct {
	Tasks []string `arg:"" optional:"" name:"task" help:"Ids, names or unique beginnings of ids; - reads them from standard input."`
}

// TagFlag selects by tags, with the short flag.
type TagFlag struct {
	Tag []string `short:"t" placeholder:"TAG" help:"Only tasks with this tag; repeat it or use commas to require several."`
}

// LongTagFlag is TagFlag for verbs whose -t means something else.
type LongTagFlag struct {
	Tag []string `placeholder:"TAG" help:"Only tasks with this tag; repeat it or use commas to require several."`
}

// FilterFlags select by everything else.
type FilterFlags struct {
	Kind    []string `placeholder:"KIND" help:"Only tasks of this kind."`
	Session []string `placeholder:"ID" help:"Only tasks that this session started."`
	State   []string `placeholder:"STATE" help:"Only tasks in this state: queued, claimed, running, retrying, stale, succeeded, failed, cancelled or timed_out."`
	Status  []string `placeholder:"STATUS" help:"Only tasks with this status: starting, queued, running, exited, killed or failed."`
	All     bool     `help:"Every task."`
	KeyFlags
}

// KeyFlags select by what a task was given at its start beside its name.
type KeyFlags struct {
	Queue          []string `placeholder:"NAME" help:"Only tasks of this queue."`
	Channel        []string `sep:"none" placeholder:"CHANNEL" help:"Only tasks of this channel, implied or given; repeat it for several channels."`
	Dedupe         []string `sep:"none" placeholder:"KEY" help:"Only tasks with this dedupe key."`
	ConcurrencyKey []string `sep:"none" placeholder:"KEY" help:"Only tasks with this concurrency key."`
	Supersede      []string `sep:"none" placeholder:"KEY" help:"Only tasks with this supersede key."`
}

// none tells that no such flag was given.
func (f *KeyFlags) none() bool {
	return len(f.Queue)+len(f.Channel)+len(f.Dedupe)+len(f.ConcurrencyKey)+len(f.Supersede) == 0
}

// Filter gives the flags in view's terms.
func (f *FilterFlags) Filter(tags []string) (find.Filter, error) {
	for _, s := range f.State {
		if !slices.Contains(record.LifeStates, record.LifeState(s)) {
			return find.Filter{}, fault.Usage("--state: expected one of %s, got %q", fault.CommaList(record.LifeStates), s)
		}
	}
	for _, s := range f.Status {
		if !slices.Contains(record.Statuses, record.Status(s)) {
			return find.Filter{}, fault.Usage("--status: expected one of %s, got %q", fault.CommaList(record.Statuses), s)
		}
	}
	return find.Filter{Tags: tags, Kinds: f.Kind, Sessions: f.Session, States: f.State, Statuses: f.Status,
		Queues: f.Queue, Channels: f.Channel, DedupeKeys: f.Dedupe, ConcurrencyKeys: f.ConcurrencyKey, SupersedeKeys: f.Supersede}, nil
}

// Target is a task that a command line means, or why there is none.
type Target struct {
	ID  string
	Err error
}

// Request says which tasks a command line means.
type Request struct {
	Words []string
	Tags  []string
	FilterFlags
	Want func(*view.Task) bool // without words, only such tasks; nil for all
}

// bare tells that nothing was said at all.
func (r *Request) bare() bool {
	return len(r.Words) == 0 && len(r.Tags) == 0 && len(r.Kind) == 0 && len(r.Session) == 0 &&
		len(r.State) == 0 && len(r.Status) == 0 && r.none() && !r.All
}

// Targets finds the tasks. Words come in their order, each task once, and one
// that can't be found hinders no other. Without words it is every task that
// the flags let through, oldest first; that there is none is no error. A
// command line that names nothing at all is a usage error.
func Targets(c *Call, r Request) ([]Target, error) {
	if r.bare() {
		f := fault.Usage("no task given")
		f.Hint = "name tasks, or select them with --tag, --all and the like"
		return nil, f
	}
	filter, err := r.Filter(r.Tags)
	if err != nil {
		return nil, err
	}
	if len(r.Words) == 0 {
		return c.matching(filter, r.Want)
	}
	if err := AfterFlags(r.Words); err != nil {
		return nil, err
	}
	words, err := c.expand(r.Words)
	if err != nil {
		return nil, err
	}
	targets, err := c.named(words)
	if err != nil || filter.Empty() {
		return targets, err
	}
	return c.narrow(targets, filter)
}

// expand replaces "-" by the words on standard input.
func (c *Call) expand(words []string) ([]string, error) {
	i := slices.Index(words, "-")
	if i < 0 {
		return words, nil
	}
	data, err := c.readStdin()
	if err != nil {
		return nil, &HomeError{Op: "read", Path: "stdin", Err: err}
	}
	read := strings.Fields(string(data))
	return slices.DeleteFunc(slices.Replace(slices.Clone(words), i, i+1, read...), func(w string) bool { return w == "-" }), nil
}

func (c *Call) named(words []string) ([]Target, error) {
	h, err := c.ExistingHome()
	if err != nil {
		return nil, err
	}
	var targets []Target
	known, resolver := map[string]bool{}, find.NewResolver(h)
	for _, word := range words {
		if h == nil {
			targets = append(targets, Target{word, &view.NotFoundError{ID: word}})
			continue
		}
		id, err := resolver.Resolve(word)
		if err != nil {
			targets = append(targets, Target{word, err})
		} else if !known[id] {
			known[id] = true
			targets = append(targets, Target{ID: id})
		}
	}
	return targets, nil
}

// matching finds the tasks that pass a filter and are wanted.
func (c *Call) matching(filter find.Filter, want func(*view.Task) bool) (targets []Target, err error) {
	tasks, err := Load(c, filter)
	for _, t := range tasks {
		if want == nil || want(t) {
			targets = append(targets, Target{ID: t.ID})
		}
	}
	return targets, err
}

// narrow drops the named tasks that do not pass the filter.
func (c *Call) narrow(targets []Target, filter find.Filter) ([]Target, error) {
	for _, t := range targets {
		if t.Err == nil {
			filter.IDs = append(filter.IDs, t.ID)
		}
	}
	if len(filter.IDs) == 0 {
		return targets, nil
	}
	passed, err := c.matching(filter, nil)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, t := range passed {
		ids[t.ID] = true
	}
	return slices.DeleteFunc(targets, func(t Target) bool { return t.Err == nil && !ids[t.ID] }), nil
}

// Found gives the ids of the targets that are there. The others are complained
// about; if there was but one, or none is left, that is the call's failure.
func (c *Call) Found(targets []Target) (ids []string, err error) {
	if len(targets) == 1 && targets[0].Err != nil {
		return nil, targets[0].Err
	}
	var t tally
	for _, target := range targets {
		t.add(c, target.Err)
		if target.Err == nil {
			ids = append(ids, target.ID)
		}
	}
	c.RaiseCode(t.code())
	return ids, nil
}

// FoundOrMissing gives the ids of the targets that are there and the words of
// those that are not, for an envelope that tells of both. If none is there, or a
// word is at fault otherwise, that is the failure.
func FoundOrMissing(targets []Target) (ids, missing []string, err error) {
	for _, t := range targets {
		var unknown *view.NotFoundError
		switch {
		case t.Err == nil:
			ids = append(ids, t.ID)
		case errors.As(t.Err, &unknown):
			missing = append(missing, t.ID)
		default:
			return nil, nil, t.Err
		}
	}
	if len(ids) == 0 && len(targets) > 0 {
		return nil, nil, targets[0].Err
	}
	return ids, missing, nil
}

// NamedOrGone finds tasks for a look at the past: a word that no task has but
// that could be an id is taken for one, with Err still set.
func NamedOrGone(c *Call, words []string) ([]Target, error) {
	if err := AfterFlags(words); err != nil {
		return nil, err
	}
	words, err := c.expand(words)
	if err != nil {
		return nil, err
	}
	targets, err := c.named(words)
	if err != nil {
		return nil, err
	}
	for _, t := range targets {
		if missing := (*view.NotFoundError)(nil); t.Err != nil && !(errors.As(t.Err, &missing) && record.ValidID(t.ID)) {
			return nil, t.Err
		}
	}
	return targets, nil
}

// Items makes a payload for each target.
func Items[P any](targets []Target, payload func(id string) *P) []Item[P] {
	items := make([]Item[P], len(targets))
	for i, t := range targets {
		items[i] = Item[P]{ID: t.ID, Err: t.Err}
		if t.Err == nil {
			items[i].Payload = payload(t.ID)
		}
	}
	return items
}
