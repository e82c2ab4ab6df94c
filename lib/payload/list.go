package payload

import (
	"slices"

	"bgtasks/lib/find"
)

// OrderName is an order in the words of payloads.
type OrderName string

// ConditionsPayload selects tasks, now or in the past: all conditions must hold,
// of a list one entry is enough, except for tags.
type ConditionsPayload struct {
	IDs      []Text       `json:"ids,omitempty" jsonschema:"Only these tasks; unknown ids are not an error."`
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
func (p *ConditionsPayload) Filter() find.Filter {
	return find.Filter{
		IDs:      Words(p.IDs, p.TaskIDs...),
		Statuses: Words(p.Statuses, p.Status), Tags: Words(p.Tags, p.Tag),
		Kinds: Words(p.Kinds, p.Kind), Sessions: Words(p.Sessions, p.Session), States: Words(p.States, p.State),
		Queues: Words(p.Queues, p.Queue), Channels: Words(p.Channels),
		DedupeKeys: Words(p.DedupeKeys, p.DedupeKey), ConcurrencyKeys: Words(p.ConcurrencyKeys, p.ConcurrencyKey),
		SupersedeKeys: Words(p.SupersedeKeys, p.SupersedeKey),
	}
}

// Filter gives the conditions in view's terms.
func (p *FilterPayload) Filter() find.Filter {
	f := p.ConditionsPayload.Filter()
	f.Names = Words(p.Names)
	if p.Since != "" {
		f.Since, _ = p.Since.Time() // check has read them
	}
	if p.Until != "" {
		f.Until, _ = p.Until.Time()
	}
	return f
}

// Words gives what is not empty of a list and of what stands beside it.
func Words[S ~string](list []S, more ...S) (all []string) {
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
type List struct {
	FilterPayload
	OrderBy          OrderName    `json:"orderBy,omitempty" jsonschema:"The time by which the tasks are sorted, and whether the newest comes first; created_asc when absent. Tasks that lack the time come last."`
	Limit            *NonNegative `json:"limit,omitempty" jsonschema:"The largest number of tasks to give, after the filters; all when absent."`
	Offset           NonNegative  `json:"offset,omitempty" jsonschema:"How many tasks to skip first."`
	Aggregate        bool         `json:"aggregate,omitempty" jsonschema:"Whether to count all matching tasks by state, status and kind."`
	IncludeAggregate bool         `json:"includeAggregate,omitempty" jsonschema:"The same as aggregate."`
	StepsPayload
}

func (p *List) check(f *faults) {
	p.FilterPayload.check(f)
	p.StepsPayload.check(f)
	if p.Aggregate && p.IncludeAggregate {
		f.refine([]any{"includeAggregate"}, "Expected no aggregate beside it, which says the same")
	}
}

// Listing says which tasks are listed, in which order and how many.
type Listing struct {
	Filter    find.Filter
	Order     find.Order
	Offset    int
	Limit     int // negative for none
	Aggregate bool
	Steps     StepsPayload
}

// Listing gives the payload in view's terms.
func (p *List) Listing() *Listing {
	l := &Listing{Filter: p.Filter(), Offset: int(p.Offset), Limit: -1, Aggregate: p.Aggregate || p.IncludeAggregate,
		Steps: p.StepsPayload}
	l.Order, _ = find.ParseOrder(string(p.OrderBy))
	if p.Limit != nil {
		l.Limit = int(*p.Limit)
	}
	return l
}
