package store

import (
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"bgtasks/lib/fsys"
)

// chimed hangs one chime up in so many directories.
func chimed(t *testing.T, n int) (c *Chime, dirs, names []string) {
	t.Helper()
	c = &Chime{}
	for i := range n {
		dir := filepath.Join(t.TempDir(), BellsDir)
		name, err := c.Hang(dir, BellChange, uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		dirs, names = append(dirs, dir), append(names, name)
	}
	return c, dirs, names
}

// One descriptor tells at which of many tasks there is news.
func TestChimeTellsWhere(t *testing.T) {
	c, dirs, names := chimed(t, 3)
	Ring(dirs[2], BellChange)
	Ring(dirs[1], BellLog)
	Ring(dirs[0], BellChange)
	if numbers, all := c.Drain(); !slices.Equal(numbers, []uint64{2, 0}) || all {
		t.Errorf("Drain = %v, %v, want 2 and 0, false", numbers, all)
	}
	if readable(c.FD()) {
		t.Error("the chime is rung after Drain, want quiet")
	}
	for i, name := range names {
		silent, err := c.TakeDown(name)
		if silent != (i == len(names)-1) || err != nil {
			t.Errorf("TakeDown of name %d = %v, %v, want true for the last", i, silent, err)
		}
		if left, _ := fsys.Names(dirs[i]); len(left) > 0 {
			t.Errorf("%v is left, want nothing", left)
		}
	}
	c.Close()
}

// The names of a waiter that was killed go when somebody rings.
func TestNamesOfADeadChimeGo(t *testing.T) {
	c, dirs, _ := chimed(t, 2)
	c.Close()
	Ring(dirs[0], BellChange)
	if left, _ := fsys.Names(dirs[0]); len(left) > 0 {
		t.Errorf("%v is left, want nothing", left)
	}
}

// A ring that found no room is not lost: then any task may have news. So may it if
// somebody rings who knows of no numbers, as versions before did.
func TestNoRingIsLost(t *testing.T) {
	c, dirs, names := chimed(t, 2)
	for range room(c.FD()) {
		Ring(dirs[0], BellChange)
	}
	if _, all := c.Drain(); !all {
		t.Error("Drain of a full chime = false, want that it may be any")
	}
	if numbers, all := c.Drain(); len(numbers) > 0 || all {
		t.Errorf("Drain of a quiet chime = %v, %v, want nothing", numbers, all)
	}
	rope := Rope{c.FD(), anyWord}
	rope.Pull()
	Ring(dirs[1], BellChange)
	if numbers, all := c.Drain(); !slices.Equal(numbers, []uint64{1}) || !all {
		t.Errorf("Drain = %v, %v, want 1, true", numbers, all)
	}
	if got := wordOf(filepath.Base(names[1])); got != strconv.Itoa(1)+"\n" {
		t.Errorf("wordOf(%q) = %q, want its number", names[1], got)
	}
}

// A chime whose newest name is gone, with its task, can't be hung up again.
func TestFullChime(t *testing.T) {
	c, _, names := chimed(t, 1)
	if _, err := c.TakeDown(names[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Hang(filepath.Join(t.TempDir(), BellsDir), BellChange, 9); err == nil {
		t.Error("Hang = nil, want an error")
	}
}
