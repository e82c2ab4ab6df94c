package sched

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"bgtasks/lib/fsys"
)

// contents lists a set by its cursor.
func contents(t testing.TB, s set) (list []entry) {
	t.Helper()
	for c := s.cursor(); ; c.skip() {
		e, ok, err := c.peek()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return list
		}
		list = append(list, e)
	}
}

func newSet(t testing.TB) set {
	blank := filepath.Join(t.TempDir(), "blank")
	must(t, os.WriteFile(blank, nil, 0o600))
	return set{filepath.Join(t.TempDir(), "set"), 0, blank}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSetGivesEntriesInOrder(t *testing.T) {
	s := newSet(t)
	var want []entry
	for i := range 1000 {
		want = append(want, entry{key: uint64(i) * 37, id: fmt.Sprint("t", i)})
	}
	for _, i := range rand.Perm(len(want)) {
		must(t, s.add(want[i]))
	}
	if got := contents(t, s); !slices.Equal(got, want) {
		t.Errorf("the cursor gave %d entries, want the %d in order", len(got), len(want))
	}
	if n, err := s.count(); n != len(want) || err != nil {
		t.Errorf("count() = %d, %v, want %d", n, err, len(want))
	}
	for _, e := range want {
		must(t, s.remove(e))
		must(t, s.remove(e))
	}
	if fsys.Exists(s.dir) {
		t.Error("the directory of an empty set is there, want it removed")
	}
	if empty, err := s.empty(); !empty || err != nil {
		t.Errorf("empty() = %v, %v, want true", empty, err)
	}
}

func TestSetMovesAnEntry(t *testing.T) {
	from, to := newSet(t), newSet(t)
	e := entry{key: 1<<63 | 5, id: "a.b", tag: "00ff"}
	must(t, from.add(e))
	must(t, from.move(e, to))
	if from.has(e) || !to.has(e) {
		t.Errorf("after move: from has it: %v, to: %v, want false, true", from.has(e), to.has(e))
	}
	if got := contents(t, to); !slices.Equal(got, []entry{e}) {
		t.Errorf("the cursor gave %v, want %v", got, e)
	}
}

func TestSetPassesOverWhatIsNoEntry(t *testing.T) {
	s := newSet(t)
	e := entry{key: 0x1234, id: "t"}
	must(t, s.add(e))
	leaf := filepath.Dir(s.path(e))
	for _, name := range []string{"x", "z.t", "4.", "4.-t", ".hidden"} {
		must(t, os.WriteFile(filepath.Join(leaf, name), nil, 0o600))
	}
	must(t, os.MkdirAll(filepath.Join(s.dir, "0000000000g/0"), 0o700))
	must(t, os.MkdirAll(filepath.Join(s.dir, "00000000000/f/f"), 0o700))
	if got := contents(t, s); !slices.Equal(got, []entry{e}) {
		t.Errorf("the cursor gave %v, want %v alone", got, e)
	}
	if fsys.Exists(s.dir + "/00000000000/f") {
		t.Error("an empty directory was left, want it removed")
	}
}

// FuzzSet compares a set with a sorted list, whatever is done to them.
func FuzzSet(f *testing.F) {
	f.Add([]byte{0, 1, 2, 0, 200, 3, 1, 1, 2})
	f.Fuzz(func(t *testing.T, steps []byte) {
		s := newSet(t)
		var list []entry
		for ; len(steps) >= 3; steps = steps[3:] {
			spread := []uint{0, 8, 20, 48}[steps[0]>>2&3]
			e := entry{key: uint64(steps[1]) << spread, id: "t" + fmt.Sprint(steps[2]&7)}
			i, there := slices.BinarySearchFunc(list, e, compareEntries)
			switch steps[0] & 1 {
			case 0:
				must(t, s.add(e))
				if !there {
					list = slices.Insert(list, i, e)
				}
			case 1:
				must(t, s.remove(e))
				if there {
					list = slices.Delete(list, i, i+1)
				}
			}
			first, ok, err := s.cursor().peek()
			if err != nil || ok != (len(list) > 0) || ok && first != list[0] {
				t.Fatalf("first = %v, %v, %v, want that of %v", first, ok, err, list)
			}
		}
		if got := contents(t, s); !slices.Equal(got, list) {
			t.Fatalf("the set holds %v, want %v", got, list)
		}
	})
}

func compareEntries(a, b entry) int {
	if a.key != b.key {
		if a.key < b.key {
			return -1
		}
		return 1
	}
	return slices.Compare([]byte(a.id), []byte(b.id))
}

// has tells whether the entry is there.
func (s set) has(e entry) bool { return fsys.Exists(s.path(e)) }

// empty tells whether there are none. It needs no lock.
func (s set) empty() (bool, error) {
	_, ok, err := (&cursor{set: s, lockless: true}).peek()
	return !ok, err
}
