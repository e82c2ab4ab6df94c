package heal

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/test/testhome"
)

// An end that nobody can record is shown, not invented: it is the same when
// it can be recorded later.
func TestHopelessHealingIsAssumed(t *testing.T) {
	h, state := testhome.New(t), testhome.State(record.Running)
	state.Leader = testhome.Gone(t)
	testhome.Put(t, h, testhome.Spec(t, "web"), state)
	asStranger(t, h, func() {
		task, err := Load(h, "web")
		if err != nil || task.State != record.Failed || task.Reason != record.Lost {
			t.Errorf("Load in a read-only home = %+v, %v, want failed, lost", task, err)
		}
	})
	if !fsys.Exists(filepath.Join(h.LiveDir(), "web")) {
		t.Errorf("the marker is gone, want a home that was only read")
	}
	if task := load(t, h, "web"); task.Reason != record.Lost || time.Since(task.Current.UpdatedAt) > time.Hour {
		t.Errorf("Load = %+v, want lost, recorded now", task)
	}
}

// asStranger runs f on a thread that may read the home but not write to it. A
// thread's file system user (setfsuid(2)) takes root's rights away too.
func asStranger(t *testing.T, h *store.Home, f func()) {
	t.Helper()
	undo := readOnly(t, h)
	defer undo()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread ends with the goroutine
		const nobody = 65534
		if _, _, errno := unix.RawSyscall(unix.SYS_SETFSUID, nobody, 0, 0); errno != 0 {
			t.Errorf("setfsuid = %v", errno)
			return
		}
		f()
	}()
	<-done
}

func readOnly(t *testing.T, h *store.Home) (undo func()) {
	t.Helper()
	modes := func(dir, file, above fs.FileMode) {
		os.Chmod(filepath.Dir(filepath.Dir(h.Path())), above)
		os.Chmod(filepath.Dir(h.Path()), above)
		filepath.WalkDir(h.Path(), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() && !d.Type().IsRegular() {
				return err
			}
			if d.IsDir() {
				return os.Chmod(path, dir)
			}
			return os.Chmod(path, file)
		})
	}
	modes(0o555, 0o444, 0o755)
	return func() { modes(0o700, 0o600, 0o700) }
}
