package find

import (
	"errors"
	"reflect"
	"testing"

	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

func TestParseOrder(t *testing.T) {
	for s, want := range map[string]Order{
		"created": {"created", false}, "created_asc": {"created", false}, "created_desc": {"created", true},
		"exited-desc": {"exited", true}, "scheduled-asc": {"scheduled", false},
	} {
		if got, ok := ParseOrder(s); got != want || !ok {
			t.Errorf("ParseOrder(%q) = %v, %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "name", "created-down", "created-", "_desc", "created-desc-desc"} {
		if got, ok := ParseOrder(s); ok {
			t.Errorf("ParseOrder(%q) = %v, want none", s, got)
		}
	}
}

func TestSortAndPage(t *testing.T) {
	tasks := []*view.Task{
		{ID: "c", CreatedAt: "2026-01-03", StartedAt: "2026-02-01"},
		{ID: "b", CreatedAt: "2026-01-01"},
		{ID: "d", CreatedAt: "2026-01-04", StartedAt: "2026-02-02"},
		{ID: "a", CreatedAt: "2026-01-01"},
	}
	for order, want := range map[Order][]string{
		{}:                 {"a", "b", "c", "d"},
		{"created", true}:  {"d", "c", "b", "a"},
		{"started", false}: {"c", "d", "a", "b"}, // unknown comes last,
		{"started", true}:  {"d", "c", "b", "a"}, // in either direction
	} {
		if Sort(tasks, order); !reflect.DeepEqual(idsOf(tasks), want) {
			t.Errorf("Sort(%v) = %v, want %v", order, idsOf(tasks), want)
		}
	}
	Sort(tasks, Order{})
	for _, c := range []struct {
		offset, limit int
		want          []string
	}{
		{0, -1, []string{"a", "b", "c", "d"}}, {0, 2, []string{"a", "b"}}, {2, 2, []string{"c", "d"}},
		{3, 9, []string{"d"}}, {4, 1, nil}, {9, -1, nil}, {0, 0, nil},
	} {
		if got := idsOf(Page(tasks, c.offset, c.limit)); !reflect.DeepEqual(got, c.want) {
			t.Errorf("Page(%d, %d) = %v, want %v", c.offset, c.limit, got, c.want)
		}
	}
}

func TestCount(t *testing.T) {
	a := Count([]*view.Task{
		{Kind: "build", State: record.Running, Status: record.StatusRunning},
		{Kind: "build", State: record.Failed, Status: record.StatusExited},
		{Unreadable: errors.New("torn")},
	})
	if a.Total != 3 || a.ByState[record.Running] != 1 || a.ByStatus[record.StatusExited] != 1 || a.ByKind["build"] != 2 || a.Unreadable != 1 {
		t.Errorf("Count = %+v", a)
	}
	if len(a.ByState) != len(record.LifeStates) || len(a.ByStatus) != len(record.Statuses) || len(a.ByKind) != 1 {
		t.Errorf("Count has %d states, %d statuses, %d kinds, want all, all, 1", len(a.ByState), len(a.ByStatus), len(a.ByKind))
	}
}
