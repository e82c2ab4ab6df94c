package cli

import (
	"cmp"

	"bgtasks/lib/find"
	"bgtasks/lib/heal"
	"bgtasks/lib/payload"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

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
	Aggregate *find.Aggregate // of all that match; nil unless asked for
}

// LoadPage reads no more of the tasks that match than is needed: a page of many is
// read a second time rather than all of them kept.
func LoadPage(c *Call, l *payload.Listing, shown Shown) (*Page, error) {
	load := loadTasks
	if wantsIDs(l, shown) {
		load = loadOutlines
	}
	p, err := load(c, l, shown)
	if err != nil || shown < ShowAll || p.Tasks != nil || len(p.IDs) == 0 {
		return p, err
	}
	p.Tasks, err = Load(c, find.Filter{WithLogs: true, IDs: p.IDs})
	find.Sort(p.Tasks, l.Order)
	return p, err
}

// wantsIDs tells whether the ids of all tasks and their order are all that is needed.
func wantsIDs(l *payload.Listing, shown Shown) bool {
	return l.Filter.Empty() && l.Order.ByCreation() && !l.Aggregate && (shown == ShowIDs || shown == ShowAll && l.Limit >= 0)
}

func loadOutlines(c *Call, l *payload.Listing, _ Shown) (*Page, error) {
	h, err := c.ExistingHome()
	if h == nil || err != nil {
		return &Page{}, err
	}
	outlines, err := find.Outlines(h, l.Order.Desc)
	p := &Page{Total: len(outlines)}
	for _, o := range find.Page(outlines, l.Offset, l.Limit) {
		p.IDs = append(p.IDs, o.ID)
	}
	return p, err
}

// loadTasks leaves out the tasks of a page of which more is shown than it has read.
func loadTasks(c *Call, l *payload.Listing, shown Shown) (*Page, error) {
	filter := l.Filter
	filter.Brief = shown < ShowAll || l.Limit >= 0
	filter.WithLogs = !filter.Brief
	all, err := Load(c, filter)
	if err != nil {
		return &Page{}, err
	}
	p := &Page{Total: len(all)}
	if l.Aggregate {
		p.Aggregate = find.Count(all)
	}
	if l.Order != (find.Order{}) { // as they were loaded
		find.Sort(all, l.Order)
	}
	p.Tasks = find.Page(all, l.Offset, l.Limit)
	for _, t := range p.Tasks {
		p.IDs = append(p.IDs, t.ID)
	}
	if filter.Brief && shown == ShowAll {
		p.Tasks = nil
	}
	return p, nil
}

// Load reads the tasks that pass a filter; none if there is no home.
func Load(c *Call, filter find.Filter) ([]*view.Task, error) {
	h, err := c.ExistingHome()
	if h == nil || err != nil {
		return nil, err
	}
	return find.All(h, filter)
}

// Reach opens the home in which the task is expected: without a home it is not
// there.
func Reach(c *Call, id string) (*store.Home, error) {
	h, err := c.ExistingHome()
	if h == nil && err == nil {
		err = &view.NotFoundError{ID: id}
	}
	return h, err
}

// LoadOne reads one task. If its records can't be read, that is an error
// beside what is known.
func LoadOne(c *Call, id string) (*view.Task, error) {
	h, err := Reach(c, id)
	if err != nil {
		return nil, err
	}
	t, err := heal.Load(h, id)
	if err != nil {
		return nil, err
	}
	if who := heal.HindranceOf(h, t); who != nil {
		t.Hindrance = who.Words() + "; " + who.Hint()
	}
	return t, t.Unreadable
}

// AddAttempts adds what is known of the task's attempts. Those of a task whose
// records are broken are not looked for.
func AddAttempts(c *Call, t *view.Task) error {
	if t.Unreadable != nil {
		return nil
	}
	h, err := c.Home()
	if err == nil {
		t.Attempts, err = view.Attempts(h, t)
	}
	return err
}

// AddSteps adds the newest steps of a task that the payload asks for.
func AddSteps(c *Call, p *payload.StepsPayload, t *view.Task) error {
	n := cmp.Or(p.Steps, p.IncludeSteps)
	if n == nil {
		return nil
	}
	h, err := c.Home()
	if err == nil {
		t.Steps, err = view.Steps(h, t.ID, int(*n))
	}
	return err
}
