package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// OrderName is an order in the words of payloads.
type OrderName string

// ConditionsPayload selects tasks, now or in the past: all conditions must hold,
// of a list one entry is enough, except for tags.
type ConditionsPayload struct {
	IDs      []Text       `json:"ids,omitempty" jsonschema:"Only these tasks; unknown ids are no error."`
	TaskIDs  []Text       `json:"taskIds,omitempty" jsonschema:"The same as ids."`
	Status   StatusName   `json:"status,omitempty" jsonschema:"Only tasks with this status."`
	Statuses []StatusName `json:"statuses,omitempty" jsonschema:"Only tasks with one of these statuses."`
	Tag      Text         `json:"tag,omitempty" jsonschema:"Only tasks with this tag."`
	Tags     []Text       `json:"tags,omitempty" jsonschema:"Only tasks with every one of these tags."`
	Kind     Text         `json:"kind,omitempty" jsonschema:"Only tasks of this kind."`
	Kinds    []Text       `json:"kinds,omitempty" jsonschema:"Only tasks of one of these kinds."`
	Session  Text         `json:"parentSessionId,omitempty" jsonschema:"Only tasks of this owner."`
	Sessions []Text       `json:"parentSessionIds,omitempty" jsonschema:"Only tasks of one of these owners."`
	State    StateName    `json:"state,omitempty" jsonschema:"Only tasks in this state of the lifecycle."`
	States   []StateName  `json:"states,omitempty" jsonschema:"Only tasks in one of these states."`
	Queue    Text         `json:"queue,omitempty" jsonschema:"Only tasks of this queue."`
	Queues   []Text       `json:"queues,omitempty" jsonschema:"Only tasks of one of these queues."`
	Channels []Text       `json:"channels,omitempty" jsonschema:"Only tasks of one of these channels, implied or given."`

	DedupeKey       Text   `json:"dedupeKey,omitempty" jsonschema:"Only tasks with this key."`
	DedupeKeys      []Text `json:"dedupeKeys,omitempty" jsonschema:"Only tasks with one of these keys."`
	ConcurrencyKey  Text   `json:"concurrencyKey,omitempty" jsonschema:"Only tasks with this key."`
	ConcurrencyKeys []Text `json:"concurrencyKeys,omitempty" jsonschema:"Only tasks with one of these keys."`
	SupersedeKey    Text   `json:"supersedeKey,omitempty" jsonschema:"Only tasks with this key."`
	SupersedeKeys   []Text `json:"supersedeKeys,omitempty" jsonschema:"Only tasks with one of these keys."`
}

// FilterPayload selects tasks as they are now.
type FilterPayload struct {
	ConditionsPayload
	Names []Text  `json:"names,omitempty" jsonschema:"Only tasks with one of these names."`
	Since Instant `json:"since,omitempty" jsonschema:"Only tasks that were created at this time or later: RFC 3339, a date and time of the caller's time zone, or milliseconds since 1970 (UTC)."`
	Until Instant `json:"until,omitempty" jsonschema:"Only tasks that were created before this time."`
}

// Filter gives the conditions in view's terms.
func (p *ConditionsPayload) Filter() view.Filter {
	return view.Filter{
		IDs:      words(p.IDs, p.TaskIDs...),
		Statuses: words(p.Statuses, p.Status), Tags: words(p.Tags, p.Tag),
		Kinds: words(p.Kinds, p.Kind), Sessions: words(p.Sessions, p.Session), States: words(p.States, p.State),
		Queues: words(p.Queues, p.Queue), Channels: words(p.Channels),
		DedupeKeys: words(p.DedupeKeys, p.DedupeKey), ConcurrencyKeys: words(p.ConcurrencyKeys, p.ConcurrencyKey),
		SupersedeKeys: words(p.SupersedeKeys, p.SupersedeKey),
	}
}

// Filter gives the conditions in view's terms.
func (p *FilterPayload) Filter() view.Filter {
	f := p.ConditionsPayload.Filter()
	f.Names = words(p.Names)
	if p.Since != "" {
		f.Since, _ = p.Since.Time() // check has read them
	}
	if p.Until != "" {
		f.Until, _ = p.Until.Time()
	}
	return f
}

// words gives what is not empty of a list and of what stands beside it.
func words[S ~string](list []S, more ...S) (all []string) {
	for _, w := range slices.Concat(list, more) {
		if w != "" {
			all = append(all, string(w))
		}
	}
	return all
}

func (p *FilterPayload) check(f *faults) {
	for _, m := range []struct {
		name string
		time Instant
	}{{"since", p.Since}, {"until", p.Until}} {
		if m.time == "" {
			continue
		}
		if _, err := m.time.Time(); err != nil {
			f.refine([]any{m.name}, "E"+err.Error()[1:])
		}
	}
}

// ListPayload selects tasks and says how they are listed.
type ListPayload struct {
	FilterPayload
	OrderBy          OrderName    `json:"orderBy,omitempty" jsonschema:"By which time they are sorted, and whether the newest comes first; created_asc when absent. Tasks that lack the time come last."`
	Limit            *NonNegative `json:"limit,omitempty" jsonschema:"The most tasks to give, after the filters; all when absent."`
	Offset           NonNegative  `json:"offset,omitempty" jsonschema:"How many tasks to pass over first."`
	Aggregate        bool         `json:"aggregate,omitempty" jsonschema:"Whether to count all that match by state, status and kind."`
	IncludeAggregate bool         `json:"includeAggregate,omitempty" jsonschema:"The same as aggregate."`
	StepsPayload
}

func (p *ListPayload) check(f *faults) {
	p.FilterPayload.check(f)
	p.StepsPayload.check(f)
	if p.Aggregate && p.IncludeAggregate {
		f.refine([]any{"includeAggregate"}, "Expected no aggregate beside it, which says the same")
	}
}

// Listing says which tasks are listed, in which order and how many.
type Listing struct {
	Filter    view.Filter
	Order     view.Order
	Offset    int
	Limit     int // negative for none
	Aggregate bool
	Steps     StepsPayload
}

// Listing gives the payload in view's terms.
func (p *ListPayload) Listing() *Listing {
	l := &Listing{Filter: p.Filter(), Offset: int(p.Offset), Limit: -1, Aggregate: p.Aggregate || p.IncludeAggregate,
		Steps: p.StepsPayload}
	l.Order, _ = view.ParseOrder(string(p.OrderBy))
	if p.Limit != nil {
		l.Limit = int(*p.Limit)
	}
	return l
}

// Number is how many, as a flag: 0 or more.
type Number int

// Decode reads the flag's value, which may wrongly begin with a minus sign: to
// the parser that is a flag.
func (n *Number) Decode(ctx *kong.DecodeContext) error {
	token := ctx.Scan.Pop()
	if token.IsEOL() {
		return fmt.Errorf("a value is missing")
	}
	v, err := strconv.ParseUint(token.String(), 10, 31)
	if err != nil {
		return fmt.Errorf("expected a number, 0 or more, got %q", token)
	}
	*n = Number(v)
	return nil
}

// OldFlags select by name and age, for verbs that look at what has been.
type OldFlags struct {
	Name  []string `sep:"none" placeholder:"NAME" help:"Only tasks with this name; repeat it to admit several."`
	Since *Moment  `placeholder:"TIME" help:"Only tasks that were created at this time or later: so long ago, or a time."`
	Until *Moment  `placeholder:"TIME" help:"Only tasks that were created before this time."`
}

// Narrow adds the flags to a filter.
func (f *OldFlags) Narrow(filter *view.Filter) {
	filter.Names = f.Name
	if f.Since != nil {
		filter.Since = time.Time(*f.Since)
	}
	if f.Until != nil {
		filter.Until = time.Time(*f.Until)
	}
}

// PageFlags say how much of a listing is printed, and in which order.
type PageFlags struct {
	Sort   string  `placeholder:"ORDER" help:"By which time: created, updated, scheduled, started or exited; with -desc the newest first (created)."`
	Limit  *Number `placeholder:"N" help:"Print at most so many tasks, the first of all that match."`
	Offset Number  `placeholder:"N" help:"Pass over so many tasks first."`
}

// Listing gives the flags in view's terms.
func (f *PageFlags) Listing(filter view.Filter) (*Listing, error) {
	l := &Listing{Filter: filter, Offset: int(f.Offset), Limit: -1}
	if f.Limit != nil {
		l.Limit = int(*f.Limit)
	}
	if f.Sort != "" {
		var known bool
		if l.Order, known = view.ParseOrder(f.Sort); !known {
			return nil, Usage("--sort: expected one of %s, with or without -desc, got %q", commaList(view.Orders), f.Sort)
		}
	}
	return l, nil
}

// Shown is how much is shown of the tasks of a page.
type Shown int

const (
	ShowIDs  Shown = iota // their ids
	ShowRows              // a row of a table
	ShowAll               // all there is
)

// Page is what a listing shows.
type Page struct {
	Total     int             // how many tasks match
	IDs       []string        // of those on the page
	Tasks     []*view.Task    // the same; may be nil if only ids are shown
	Aggregate *view.Aggregate // of all that match; nil unless asked for
}

// LoadPage reads no more of the tasks that match than is needed: a page of many is
// read a second time rather than all of them kept.
func LoadPage(c *Call, l *Listing, shown Shown) (*Page, error) {
	load := loadTasks
	if l.wantsIDs(shown) {
		load = loadOutlines
	}
	p, err := load(c, l, shown)
	if err != nil || shown < ShowAll || p.Tasks != nil || len(p.IDs) == 0 {
		return p, err
	}
	p.Tasks, err = Load(c, view.Filter{WithLogs: true, IDs: p.IDs})
	view.Sort(p.Tasks, l.Order)
	return p, err
}

// wantsIDs tells whether the ids of all tasks and their order are all that is needed.
func (l *Listing) wantsIDs(shown Shown) bool {
	return l.Filter.Empty() && l.Order.ByCreation() && !l.Aggregate && (shown == ShowIDs || shown == ShowAll && l.Limit >= 0)
}

func loadOutlines(c *Call, l *Listing, _ Shown) (*Page, error) {
	h, err := c.ExistingHome()
	if h == nil || err != nil {
		return &Page{}, err
	}
	outlines, err := view.Outlines(h, l.Order.Desc)
	p := &Page{Total: len(outlines)}
	for _, o := range view.Page(outlines, l.Offset, l.Limit) {
		p.IDs = append(p.IDs, o.ID)
	}
	return p, err
}

// loadTasks leaves out the tasks of a page of which more is shown than it has read.
func loadTasks(c *Call, l *Listing, shown Shown) (*Page, error) {
	filter := l.Filter
	filter.Brief = shown < ShowAll || l.Limit >= 0
	filter.WithLogs = !filter.Brief
	all, err := Load(c, filter)
	if err != nil {
		return &Page{}, err
	}
	p := &Page{Total: len(all)}
	if l.Aggregate {
		p.Aggregate = view.Count(all)
	}
	if l.Order != (view.Order{}) { // as they were loaded
		view.Sort(all, l.Order)
	}
	p.Tasks = view.Page(all, l.Offset, l.Limit)
	for _, t := range p.Tasks {
		p.IDs = append(p.IDs, t.ID)
	}
	if filter.Brief && shown == ShowAll {
		p.Tasks = nil
	}
	return p, nil
}

// PrintAggregate counts tasks: as json or jsonl, or else three columns.
func PrintAggregate(c *Call, tasks []*view.Task, format string) error {
	a := view.Count(tasks)
	switch format {
	case "json":
		return writeJSON(c.Out, a)
	case "jsonl":
		return c.Line(a)
	case "", "table":
	default:
		return Usage("--output: an aggregate is printed as json, jsonl or table, got %q", format)
	}
	lines := []string{countLine(a.Total, "total", "")}
	if a.Unreadable > 0 {
		lines = append(lines, countLine(a.Unreadable, "unreadable", ""))
	}
	for _, s := range record.LifeStates {
		lines = append(lines, countLine(a.ByState[s], "state", string(s)))
	}
	for _, s := range record.Statuses {
		lines = append(lines, countLine(a.ByStatus[s], "status", string(s)))
	}
	for _, kind := range slices.Sorted(maps.Keys(a.ByKind)) {
		lines = append(lines, countLine(a.ByKind[kind], "kind", kind))
	}
	return c.Print(strings.Join(lines, "\n"))
}

// countLine is a line of an aggregate, the number first: it alone has no spaces
// whatever the kinds are called.
func countLine(n int, group, name string) string {
	return strings.TrimRight(fmt.Sprintf("%8d  %-6s  %s", n, group, Printable(name)), " ")
}
