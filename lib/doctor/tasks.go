package doctor

import (
	"errors"
	"fmt"
	"io/fs"

	"bgtasks/lib/events"
	"bgtasks/lib/heal"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// consumers checks that the places of the journal's readers can be read.
func consumers(h *store.Home) Check {
	list, err := events.Consumers(h)
	if err != nil {
		return wrong("consumers", err, "look at "+h.ConsumersDir())
	}
	var broken []string
	for _, c := range list {
		if c.Unreadable != "" {
			broken = append(broken, c.Name+" ("+c.Unreadable+")")
		}
	}
	if len(broken) > 0 {
		return wrong("consumers", fmt.Errorf("unreadable places in the journal: %s", some(broken)),
			"bg-events --forget NAME removes one; it begins anew then")
	}
	return fine("consumers", "%d, all places can be read", len(list))
}

// markers looks for those in live/ that mark nothing.
func markers(h *store.Home) Check {
	orphans, err := h.Orphans()
	switch {
	case err != nil:
		return wrong("markers", err, "look at "+h.LiveDir())
	case len(orphans) > 0 && anyStray(h):
		return wrong("markers", fmt.Errorf("of tasks that do not exist: %s", some(orphans)), "first end their processes: see strays")
	case len(orphans) > 0:
		return curable("markers", h.RemoveOrphans, "mark no task: %s", some(orphans))
	}
	return fine("markers", "each marks a task")
}

// taskChecks read every task.
func taskChecks(h *store.Home) []Check {
	ids, err := h.IDs()
	if err != nil {
		return []Check{wrong("records", err, "look at "+h.TasksDir())}
	}
	var broken, lost, unseen, unmarked, bare []string
	running := ""
	for _, id := range ids {
		t, unsettled, err := heal.Look(h, id)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			broken = append(broken, err.Error())
		case t.Bare:
			bare = append(bare, id)
		case t.Unreadable != nil:
			broken = append(broken, t.Unreadable.Error())
			if t.Supervised() || len(view.Living(h, id)) > 0 {
				running += " " + id
			}
		case t.Unknown != "":
			unseen = append(unseen, id+" ("+t.Unknown+")")
		case unsettled:
			lost = append(lost, id)
		case !t.Terminal() && !h.MarkedLive(id) && stillOpen(h, id):
			unmarked = append(unmarked, id)
		}
	}
	return []Check{
		records(ids, broken, running), files(h, bare), logs(h, ids), supervisors(h, lost), elsewhere(unseen),
		marked(h, unmarked), cgroups(h),
	}
}

// stillOpen looks again: a run may end between two looks.
func stillOpen(h *store.Home, id string) bool {
	t, _, err := heal.Look(h, id)
	return err == nil && t.Unreadable == nil && !t.Terminal()
}

// records names the tasks of which a record can't be read, and running those of them
// that run: they must be stopped before another takes their place.
func records(ids, broken []string, running string) Check {
	if len(broken) > 0 {
		err := fmt.Errorf("%d of %d tasks can't be read: %s", len(broken), len(ids), some(broken))
		if running != "" {
			return wrong("records", err, "they run: bg-stop"+running+"; then start them again with their ids")
		}
		return wrong("records", err, "no process of them runs: start them again with their ids, or remove their directories")
	}
	return fine("records", "%d tasks, all can be read", len(ids))
}

// files names the tasks whose supervisor lives and misses files, or has damaged ones,
// that it can make anew.
func files(h *store.Home, bare []string) Check {
	if len(bare) == 0 {
		return fine("task files", "no file of a running task is missing")
	}
	return curable("task files", func() error {
		for _, id := range bare {
			if _, err := heal.Load(h, id); err != nil && !isGone(err) {
				return err
			}
		}
		return nil
	}, "missing or damaged of: %s", some(bare))
}

// isGone tells that a task was removed since.
func isGone(err error) bool {
	var missing *view.NotFoundError
	return errors.As(err, &missing)
}

// supervisors names the tasks whose supervisor was killed before its work was
// done.
func supervisors(h *store.Home, lost []string) Check {
	if len(lost) == 0 {
		return fine("supervisors", "no task has lost its supervisor")
	}
	return curable("supervisors", func() error {
		for _, id := range lost {
			if _, err := heal.Load(h, id); err != nil {
				return err
			}
		}
		return nil
	}, "lost by: %s", some(lost))
}

// elsewhere names the tasks whose supervisor was killed, and of which it can't be known
// from here what became.
func elsewhere(unseen []string) Check {
	if len(unseen) == 0 {
		return fine("elsewhere", "the state of every task can be known from here")
	}
	return wrong("elsewhere", errors.New("cannot be known from here: "+some(unseen)), takeOverHint)
}

// marked names the running tasks that a listing of what runs would miss.
func marked(h *store.Home, unmarked []string) Check {
	if len(unmarked) == 0 {
		return fine("running", "each running task is marked")
	}
	return curable("running", func() error {
		for _, id := range unmarked {
			if err := h.MarkLive(id); err != nil {
				return err
			}
		}
		return nil
	}, "not marked: %s", some(unmarked))
}

// cgroups looks for those of tasks that nobody supervises any more. They are
// empty, and take memory of the kernel's.
func cgroups(h *store.Home) Check {
	base, err := proc.CgroupBase(record.IsCgroupName)
	if err != nil {
		return fine("cgroups", "there are none")
	}
	var stale []string
	for _, path := range proc.CgroupsIn(base) {
		if forgotten(h, path) {
			stale = append(stale, path)
		}
	}
	if len(stale) == 0 {
		return fine("cgroups", "each belongs to a running task")
	}
	return curable("cgroups", func() error {
		for _, path := range stale {
			if group, err := proc.OpenCgroup(path, proc.CgroupName(path)); err == nil {
				group.Remove()
			}
		}
		return nil
	}, "empty: %s", some(stale))
}

// forgotten tells whether a cgroup is empty and of a task of this home without
// a supervisor.
func forgotten(h *store.Home, path string) bool {
	name := proc.CgroupName(path)
	id := record.CgroupTask(name, h.Path())
	if id == "" {
		return false
	}
	older := record.CgroupName(id, "", h.Path())
	if spec, _, err := view.Records(h, id); name != older && (err != nil || name != record.CgroupName(id, spec.RunToken, h.Path())) {
		return false
	}
	if held, err := store.LockHeld(h.TaskDir(id)); err != nil || held {
		return false
	}
	group, err := proc.OpenCgroup(path, name)
	if err != nil {
		return false
	}
	defer group.Close()
	return !group.Populated()
}
