package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bgtasks/lib/codec"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// stray is a run whose task is not there any more: somebody has removed its directory, or
// the whole home, while processes of it live. No verb can find them.
type stray struct {
	token, id, run, home string
	members              []proc.Bearer // with the marks, the oldest first; no supervisors
	shims                []proc.Bearer
}

var markNames = []string{record.MarkToken, record.MarkRun, record.MarkHome}

// findStrays looks at all processes of this user.
func findStrays() ([]*stray, error) {
	bearers, err := proc.Bearers(os.Geteuid(), record.MarkTask, markNames)
	if err != nil {
		return nil, err
	}
	var runs []*stray
	by := map[string]*stray{}
	for _, b := range bearers {
		s := &stray{token: b.Values[record.MarkToken], id: b.Values[record.MarkTask], run: b.Values[record.MarkRun], home: b.Values[record.MarkHome]}
		if !record.ValidID(s.id) || !filepath.IsAbs(s.home) || s.token != "" && !record.ValidToken(s.token) {
			continue
		}
		key := strings.Join([]string{s.token, s.id, s.run, s.home}, "\x00")
		if by[key] == nil {
			by[key] = s
			runs = append(runs, s)
		}
		by[key].add(b)
	}
	strays := runs[:0]
	for _, s := range runs {
		if len(s.members) > 0 && !s.atHome() {
			strays = append(strays, s)
		}
	}
	return strays, nil
}

func (s *stray) add(b proc.Bearer) {
	if b.Comm == record.ShimName {
		s.shims = append(s.shims, b)
	} else {
		s.members = append(s.members, b)
	}
}

// atHome tells whether the task is there: where its processes say, seen as they see it, or
// wherever its directory was moved to. Another run that has taken the place of this one is
// another task.
func (s *stray) atHome() bool {
	for _, b := range s.shims {
		if dir, err := os.Readlink(process(b) + "/cwd"); err == nil && s.isIn(process(b)+"/root"+dir) {
			return true
		}
	}
	for _, b := range append(s.members, s.shims...) {
		if s.isIn(process(b)+"/root"+store.At(s.home).TaskDir(s.id)) || s.printsThere(process(b)) {
			return true
		}
	}
	return false
}

func process(b proc.Bearer) string { return "/proc/" + strconv.Itoa(b.PID) }

// isIn tells whether a directory is that of the run's task.
func (s *stray) isIn(dir string) bool {
	if store.CheckDir(dir) != nil {
		return false
	}
	raw, err := fsys.ReadFile(filepath.Join(dir, store.SpecFile))
	if err != nil {
		return true
	}
	spec, err := codec.ParseSpec(raw)
	return err != nil || s.token == "" || spec.RunToken == "" || spec.RunToken == s.token
}

// printsThere tells whether the output of a process goes to a FIFO of the task that has a
// name yet.
func (s *stray) printsThere(process string) bool {
	for _, fd := range []string{"/fd/1", "/fd/2"} {
		target, err := os.Readlink(process + fd)
		name := filepath.Base(target)
		if err == nil && (name == store.OutFIFO || name == store.ErrFIFO) && s.isIn(process+"/root"+filepath.Dir(target)) {
			return true
		}
	}
	return false
}

func (s *stray) String() string {
	words := make([]string, 0, len(s.members))
	for _, m := range s.members {
		words = append(words, fmt.Sprintf("%d (%s)", m.PID, m.Comm))
	}
	return fmt.Sprintf("%q of %s: %s", s.id, s.home, some(words))
}

// strays tells of those of this home, which are ended only for who asks for that by name.
// Those of others are no fault here: it is only said where they say they are at home.
func strays(root string, stop bool) Check {
	all, err := findStrays()
	if err != nil {
		return wrong("strays", err, "mount /proc of this pid namespace")
	}
	list, others := ofHome(all, root)
	if stop && len(list) > 0 {
		return endAll(list)
	}
	if len(list) == 0 {
		c := fine("strays", "no process belongs to a removed task of this home")
		if len(others) > 0 {
			c.Detail += "; some are of other homes that are not there: " + some(others)
		}
		return c
	}
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.String()
	}
	return wrong("strays", fmt.Errorf("processes of tasks that no longer exist: %s", some(names)),
		"bg-doctor --stop-strays ends them, whole trees")
}

func endAll(list []*stray) Check {
	for _, s := range list {
		if err := s.end(); err != nil {
			return wrong("strays", fmt.Errorf("of %v: %w", s, err), "look at these processes")
		}
	}
	ids := make([]string, len(list))
	for i, s := range list {
		ids[i] = s.id
	}
	c := fine("strays", "ended the processes of %s, which no longer exist", some(ids))
	c.Mended = true
	return c
}

// ofHome divides strays into those of the home at root and the homes of the others.
func ofHome(all []*stray, root string) (list []*stray, others []string) {
	place, err := fsys.PlaceOf(root)
	for _, s := range all {
		switch {
		case filepath.Clean(s.home) == filepath.Clean(root) || err == nil && place.Is(s.home):
			list = append(list, s)
		case !slices.Contains(others, s.home):
			others = append(others, s.home)
		}
	}
	return list, others
}

// anyStray tells whether a task of the home that is not there has processes.
func anyStray(h *store.Home) bool {
	all, err := findStrays()
	list, _ := ofHome(all, h.Path())
	return err != nil || len(list) > 0
}
