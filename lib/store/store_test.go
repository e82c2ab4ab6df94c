package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

func TestLocate(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"BACKGROUND_TASKS_HOME": "/b", "XDG_STATE_HOME": "/x", "HOME": "/h"}, "/b"},
		{map[string]string{"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/background-tasks"},
		{map[string]string{"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/background-tasks"},
		{map[string]string{"HOME": "/h"}, "/h/.local/state/background-tasks"},
	} {
		if got, err := Locate(func(k string) string { return c.env[k] }); got != c.want || err != nil {
			t.Errorf("Locate(%v) = %q, %v, want %q", c.env, got, err, c.want)
		}
	}
	if _, err := Locate(func(string) string { return "" }); !errors.Is(err, ErrNoHome) {
		t.Errorf("Locate of nothing: %v, want ErrNoHome", err)
	}
}

// A home from a later version is refused and left untouched.
func TestNewerLayoutIsRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, LayoutFile)
	if err := os.WriteFile(file, []byte("2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir)
	var layout *LayoutError
	if !errors.As(err, &layout) || layout.Found != "2" {
		t.Errorf("Open of layout 2: %v, want a LayoutError", err)
	}
	if got, _ := os.ReadFile(file); string(got) != "2\n" {
		t.Errorf("LAYOUT after the refusal = %q, want it untouched", got)
	}
}

// A lock is made in its own directory, not in one that a link leads to which was
// put in the place of that after the home was opened (P11).
func TestLockThroughLink(t *testing.T) {
	home, outside := t.TempDir(), t.TempDir()
	h := At(home)
	for _, dir := range []string{h.QueueDir(), h.EventsDir()} {
		if err := os.Symlink(outside, dir); err != nil {
			t.Fatal(err)
		}
	}
	for name, take := range map[string]func() (*Lock, error){
		"queue": h.LockQueue, "queue, next in line": h.LockQueueNext, "queue, endless": h.Patient().LockQueue,
		"timer":   func() (*Lock, error) { return h.LockTimer(record.Process{}) },
		"journal": func() (*Lock, error) { return nil, h.Append(&record.Event{}) },
	} {
		lock, err := take()
		if err == nil {
			t.Errorf("%s: the lock was taken, want an error", name)
		}
		if lock != nil {
			lock.Unlock()
		}
		if made, err := os.ReadDir(outside); len(made) > 0 || err != nil {
			t.Errorf("%s: made %v, %v outside of the home", name, made, err)
		}
	}
}

// What is made is private, whatever the modes around it (P11).
func TestModes(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	h := newHome(t)
	d := publish(t, h, "web")
	defer d.Discard()
	if err := Replace(filepath.Join(d.Dir(), StateFile), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(h.Path(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		want := fs.FileMode(0o600)
		if entry.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("mode of %s = %o, want %o", path, got, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestHomeThatOthersCanChangeIsRefused(t *testing.T) {
	dir := t.TempDir()
	os.Chmod(dir, 0o777)
	_, err := Open(dir)
	var unsafe *UnsafeHomeError
	if !errors.As(err, &unsafe) || !strings.Contains(unsafe.Why, "777") {
		t.Errorf("Open of a home with mode 777: %v, want an UnsafeHomeError", err)
	}
	if names, _ := fsys.Names(dir); len(names) > 0 {
		t.Errorf("the refused home holds %v, want nothing", names)
	}
}

func TestHomeThatIsAFileIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "home")
	os.WriteFile(file, nil, 0o600)
	if _, err := Open(file); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("Open of a file: %v, want ENOTDIR", err)
	}
}

// A task is locked before it can be seen, and its liveness is that lock (P1).
func TestPublishedTaskIsLocked(t *testing.T) {
	h := newHome(t)
	d := publish(t, h, "web")
	if held, err := LockHeld(h.TaskDir("web")); !held || err != nil {
		t.Errorf("LockHeld of a published task = %v, %v, want true", held, err)
	}
	if _, err := TryLock(h.TaskDir("web")); !errors.Is(err, ErrLocked) {
		t.Errorf("TryLock of a published task: %v, want ErrLocked", err)
	}
	d.Lock().Unlock()
	if held, err := LockHeld(h.TaskDir("web")); held || err != nil {
		t.Errorf("LockHeld after Unlock = %v, %v, want false", held, err)
	}
}

// The lock dies with its holder, however that ends.
func TestLockEndsWithItsHolder(t *testing.T) {
	h := newHome(t)
	publish(t, h, "web").Lock().Unlock()
	dir := h.TaskDir("web")
	first, kill := helper(t, "hold", dir)
	if first != "held\n" {
		t.Fatalf("the helper said %q, want held", first)
	}
	if held, _ := LockHeld(dir); !held {
		t.Error("LockHeld beside a live holder = false, want true")
	}
	kill()
	lock, err := TryLock(dir)
	if err != nil {
		t.Fatalf("TryLock after the holder's death: %v", err)
	}
	lock.Unlock()
}

// Of those who publish one id at once, one wins.
func TestOneOfManyPublishesWins(t *testing.T) {
	h := newHome(t)
	const racers = 50
	errs := make([]error, racers)
	var wg sync.WaitGroup
	for i := range racers {
		wg.Go(func() {
			d, err := h.Draft("web", []byte("{}\n"), true)
			if err != nil {
				errs[i] = err
				return
			}
			if errs[i] = d.Publish(); errs[i] != nil {
				d.Discard()
			}
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, ErrExists):
			t.Errorf("a losing Publish: %v, want ErrExists", err)
		}
	}
	if names, _ := fsys.Names(h.TmpDir()); won != 1 || len(names) != 0 {
		t.Errorf("%d of %d publishes won, tmp holds %v; want one, and nothing", won, racers, names)
	}
	if !h.MarkedLive("web") {
		t.Error("a losing Publish took the winner's marker along")
	}
}

// Of a task that could not be published nothing is left (P4).
func TestDiscardTakesTheMarker(t *testing.T) {
	h := newHome(t)
	d, err := h.Draft("web", []byte("{}\n"), false)
	if err == nil {
		err = os.Remove(h.TasksDir())
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Publish(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Publish to nowhere: %v, want ErrNotExist", err)
	}
	if err := d.Discard(); err != nil {
		t.Error(err)
	}
	if h.MarkedLive("web") {
		t.Error("MarkedLive after Discard = true, want false")
	}
}

func TestPublishOverAndRestore(t *testing.T) {
	h := newHome(t)
	publish(t, h, "web").Lock().Unlock()
	mark := filepath.Join(h.TaskDir("web"), "mark")
	os.WriteFile(mark, nil, 0o600)
	next, err := h.Draft("web", []byte("{}\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	held, err := TryLock(h.TaskDir("web"))
	if err != nil {
		t.Fatal(err)
	}
	old, err := next.PublishOver(held)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old task's file is still in sight: %v", err)
	}
	if err := old.Restore(next); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Errorf("the old task's file after Restore: %v", err)
	}
	if err := errors.Join(next.Discard(), held.Unlock()); err != nil {
		t.Error(err)
	}
	if names, _ := fsys.Names(h.TmpDir()); len(names) > 0 {
		t.Errorf("tmp holds %v, want nothing", names)
	}
}

// Readers see whole records while many writers replace one.
func TestReplaceIsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), StateFile)
	const writers, rounds = 32, 20
	if err := Replace(path, []byte(strings.Repeat("0", 2000))); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range rounds {
				if err := Replace(path, []byte(strings.Repeat(string(rune('A'+w)), 1000+w*50))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for {
		raw, err := os.ReadFile(path)
		if err != nil || len(raw) < 1000 || strings.Trim(string(raw), string(raw[:1])) != "" {
			t.Fatalf("read %d bytes, %v: not one whole record", len(raw), err)
		}
		select {
		case <-done:
			return
		default:
		}
	}
}

func TestReserve(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, StateFile)
	r, err := NewReserve(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Commit([]byte("end\n")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != "end\n" || err != nil {
		t.Errorf("after Commit the file holds %q, %v, want the record alone", got, err)
	}
	if r, err = NewReserve(path); err == nil {
		err = r.CommitUnsynced([]byte("running\n"))
	}
	if got, _ := os.ReadFile(path); string(got) != "running\n" || err != nil {
		t.Errorf("after CommitUnsynced the file holds %q, %v", got, err)
	}
	if r, err = NewReserve(path); err == nil {
		err = r.Release()
	}
	if names, _ := fsys.Names(dir); len(names) != 1 || err != nil {
		t.Errorf("the directory holds %v, %v, want the file alone", names, err)
	}
}

func TestSweep(t *testing.T) {
	h := newHome(t)
	old := time.Now().Add(-2 * staleAfter)
	locked, err := h.Draft("locked", []byte("{}\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	defer locked.Discard()
	for _, dir := range []string{"fresh", "stale"} {
		if err := os.Mkdir(filepath.Join(h.TmpDir(), dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	os.Chtimes(locked.Dir(), old, old)
	os.Chtimes(filepath.Join(h.TmpDir(), "stale"), old, old)
	if err := h.Sweep(); err != nil {
		t.Fatal(err)
	}
	got, _ := fsys.Names(h.TmpDir())
	slices.Sort(got)
	if want := []string{"fresh", filepath.Base(locked.Dir())}; !slices.Equal(got, want) {
		t.Errorf("tmp after Sweep holds %v, want %v", got, want)
	}
}

// The first sweep of a process is the one that succeeds, and the last that builders make.
func TestSweepFirst(t *testing.T) {
	h := newHome(t)
	if err := os.Rename(h.TmpDir(), h.TmpDir()+".away"); err != nil {
		t.Fatal(err)
	}
	if err := h.SweepFirst(); err == nil {
		t.Error("SweepFirst without tmp/ = nil, want an error")
	}
	if err := os.Rename(h.TmpDir()+".away", h.TmpDir()); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * staleAfter)
	stale := filepath.Join(h.TmpDir(), "stale")
	for _, swept := range []bool{true, false} {
		if err := os.Mkdir(stale, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(stale, old, old); err != nil {
			t.Fatal(err)
		}
		if err := h.SweepFirst(); err != nil || fsys.Exists(stale) == swept {
			t.Errorf("SweepFirst = %v, and what was stale is there %v, want swept %v", err, fsys.Exists(stale), swept)
		}
	}
}

func TestSweepTask(t *testing.T) {
	h := newHome(t)
	d := publish(t, h, "web")
	defer d.Discard()
	hidden := filepath.Join(d.Dir(), ".state.json.x")
	os.WriteFile(hidden, nil, 0o600)
	old := time.Now().Add(-2 * staleAfter)
	os.Chtimes(hidden, old, old)
	if err := SweepTask(d.Dir()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(hidden); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the hidden file after SweepTask: %v, want it gone", err)
	}
	if _, err := os.Lstat(filepath.Join(d.Dir(), SpecFile)); err != nil {
		t.Errorf("spec.json after SweepTask: %v", err)
	}
}

func readable(fd int) bool {
	set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(set, 0)
	return err == nil && n == 1
}

func TestBells(t *testing.T) {
	dir := t.TempDir()
	change, err1 := NewBell(dir, BellChange)
	log, err2 := NewBell(dir, BellLog)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	Ring(dir, BellChange)
	if !readable(change.FD()) || readable(log.FD()) {
		t.Errorf("after Ring(change): change rung %v, log rung %v, want true, false", readable(change.FD()), readable(log.FD()))
	}
	change.Drain()
	if readable(change.FD()) {
		t.Error("the bell is rung after Drain, want quiet")
	}
	ropes, _ := OpenBells(dir, BellLog)
	if len(ropes) != 1 || !ropes[0].Pull() || !readable(log.FD()) {
		t.Errorf("OpenBells gave %v, and the log bell is rung %v; want one, true", ropes, readable(log.FD()))
	}
	log.Close()
	if ropes[0].Pull() {
		t.Error("a closed bell was heard")
	}
	ropes[0].Close()
	change.Close()
	if names, _ := fsys.Names(dir); len(names) > 0 {
		t.Errorf("the directory holds %v after Close, want nothing", names)
	}
}

// There may be more waiters than descriptors: those beyond are rung all the same.
func TestRingNeedsOneDescriptor(t *testing.T) {
	dir := t.TempDir()
	var bells []*Bell
	for range maxOpenBells + 5 {
		b, err := NewBell(dir, BellLog)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		bells = append(bells, b)
	}
	ropes, all := OpenBells(dir, BellLog)
	for _, rope := range ropes {
		rope.Close()
	}
	if all || len(ropes) != maxOpenBells {
		t.Errorf("OpenBells of %d gave %d, all %v, want %d, false", len(bells), len(ropes), all, maxOpenBells)
	}
	Ring(dir, BellLog)
	for i, b := range bells {
		if !readable(b.FD()) {
			t.Errorf("bell %d was not rung", i)
		}
	}
}

// A lock that is given back is free also while a copy of its descriptor is open, as in a
// process that is being forked, and those who wait for it are woken.
func TestGiveBack(t *testing.T) {
	dir := t.TempDir()
	bells := filepath.Join(dir, BellsDir)
	if err := os.Mkdir(bells, 0o700); err != nil {
		t.Fatal(err)
	}
	bell, err := NewBell(bells, BellChange)
	if err != nil {
		t.Fatal(err)
	}
	defer bell.Close()
	if err := os.WriteFile(filepath.Join(dir, LockFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lock, err := TryLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	inherited, err := unix.Dup(int(lock.f.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(inherited)
	if held, err := LockHeld(dir); !held || err != nil || readable(bell.FD()) {
		t.Fatalf("before: held %v, %v, the bell rung %v, want a lock that is held and silence", held, err, readable(bell.FD()))
	}
	if err := GiveBack(dir, lock); err != nil {
		t.Fatal(err)
	}
	if held, err := LockHeld(dir); held || err != nil || !readable(bell.FD()) {
		t.Errorf("after: held %v, %v, the bell rung %v, want a free lock and a rung bell", held, err, readable(bell.FD()))
	}
}

// The bell of a waiter that was killed is taken down by the next ringer.
func TestDeadBellIsTakenDown(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mkfifo(filepath.Join(dir, string(BellChange)+"-1-dead"), 0o600); err != nil {
		t.Fatal(err)
	}
	Ring(dir, BellChange)
	if names, _ := fsys.Names(dir); len(names) > 0 {
		t.Errorf("the directory holds %v, want nothing", names)
	}
}

func TestKnock(t *testing.T) {
	h := newHome(t)
	d := publish(t, h, "web")
	defer d.Discard()
	if err := Knock(d.Dir(), []byte("listen\n")); !errors.Is(err, ErrNoShim) {
		t.Errorf("Knock with nobody there: %v, want ErrNoShim", err)
	}
	fd, err := unix.Open(filepath.Join(d.Dir(), CtlFIFO), unix.O_RDWR|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := Knock(d.Dir(), []byte("listen\n")); err != nil || !readable(fd) {
		t.Errorf("Knock = %v, heard %v, want nil, true", err, readable(fd))
	}
}
