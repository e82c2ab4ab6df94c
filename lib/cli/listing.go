package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"bgtasks/lib/fault"
	"bgtasks/lib/find"
	"bgtasks/lib/payload"
	"bgtasks/lib/record"
	"bgtasks/lib/show"
	"bgtasks/lib/view"
)

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
	Name  []string        `sep:"none" placeholder:"NAME" help:"Only tasks with this name; repeat it for several names."`
	Since *payload.Moment `placeholder:"TIME" help:"Only tasks that were created at this time or later: how long ago, or a time."`
	Until *payload.Moment `placeholder:"TIME" help:"Only tasks that were created before this time."`
}

// Narrow adds the flags to a filter.
func (f *OldFlags) Narrow(filter *find.Filter) {
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
	Sort   string  `placeholder:"ORDER" help:"Sort by this time: created (the default), updated, scheduled, started or exited; with -desc the newest first."`
	Limit  *Number `placeholder:"N" help:"Print at most N tasks, the first of those that match."`
	Offset Number  `placeholder:"N" help:"Skip the first N tasks."`
}

// Listing gives the flags in view's terms.
func (f *PageFlags) Listing(filter find.Filter) (*payload.Listing, error) {
	l := &payload.Listing{Filter: filter, Offset: int(f.Offset), Limit: -1}
	if f.Limit != nil {
		l.Limit = int(*f.Limit)
	}
	if f.Sort != "" {
		var known bool
		if l.Order, known = find.ParseOrder(f.Sort); !known {
			return nil, fault.Usage("--sort: expected one of %s, with or without -desc, got %q", fault.CommaList(find.Orders), f.Sort)
		}
	}
	return l, nil
}

// PrintAggregate counts tasks: as json or jsonl, or else three columns.
func PrintAggregate(c *Call, tasks []*view.Task, format string) error {
	a := find.Count(tasks)
	switch format {
	case "json":
		return show.JSON(c.Out, a)
	case "jsonl":
		return c.Line(a)
	case "", "table":
	default:
		return fault.Usage("--output: an aggregate is printed as json, jsonl or table, got %q", format)
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
	return strings.TrimRight(fmt.Sprintf("%8d  %-6s  %s", n, group, fault.Printable(name)), " ")
}
