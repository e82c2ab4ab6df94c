package watch

import (
	"errors"
	"math"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// follows are tasks whose news come by the journal, but for one: that whoever would
// write it was killed. So the processes are watched that the next news of each depends
// on, with one descriptor a task. Where descriptors run out, the locks of the rest are
// looked at every ten seconds.
type follows struct {
	home *store.Home
	set  *proc.Ends // nil until there is somebody to watch
	most int        // the largest descriptor that may be taken
	ids  map[int]string
	of   map[string]*followed
	next time.Time // when to look at the unwatched; zero if there are none
	dark int       // how many those are
	none bool      // this system can watch no process of others
}

// followed is one task.
type followed struct {
	key  int                    // of the process in the set, -1 for none
	who  proc.Identity          // that process
	gone map[proc.Identity]bool // processes seen to have ended
	dark bool                   // no descriptor was left for it
}

// ended notes that a process has.
func (s *followed) ended(p proc.Identity) {
	if s.gone == nil {
		s.gone = map[proc.Identity]bool{}
	}
	s.gone[p] = true
}

// following is the name of the set among what is polled. It is no id.
const following = ":following"

// spareFDs are left for all else that a follower opens: records, segments, locks.
const spareFDs = 32

func newFollows(h *store.Home) *follows {
	f := &follows{home: h, most: math.MaxInt, ids: map[int]string{}, of: map[string]*followed{}}
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil && uint64(limit.Cur) < math.MaxInt32 {
		f.most = int(limit.Cur) - spareFDs
	}
	return f
}

// Follow watches the process of a task whose end no other process would journal; t is
// the task as the caller just saw it. When that process ends, Wait returns the task's
// id. Follow needs no bell of the task. If the process has ended since the caller looked,
// look is true, and the caller must look again, which heals, before it sleeps. For a
// waiting task, Follow watches what it waits for, as Mind does. A task that is over is
// no longer followed.
func (w *Watcher) Follow(t *view.Task) (look bool, err error) {
	switch {
	case waits(t):
		w.Expect(t.ID)
		return false, nil
	case !t.Open():
		w.Unfollow(t.ID)
		return false, nil
	}
	delete(w.ahead.waiting, t.ID)
	if w.follows == nil {
		w.follows = newFollows(w.home)
	}
	return w.follows.follow(t)
}

// Expect follows a waiting task.
func (w *Watcher) Expect(id string) {
	w.Unfollow(id)
	w.ahead.waiting[id] = false
}

// Follows reports whether the task is followed and is not waiting to start.
func (w *Watcher) Follows(id string) bool { return w.follows != nil && w.follows.of[id] != nil }

// Unfollow stops following the task.
func (w *Watcher) Unfollow(id string) {
	delete(w.ahead.waiting, id)
	if w.Follows(id) {
		w.follows.release(w.follows.of[id])
		delete(w.follows.of, id)
	}
}

func (f *follows) follow(t *view.Task) (look bool, err error) {
	s := f.of[t.ID]
	if s == nil {
		s = &followed{key: -1}
		f.of[t.ID] = s
	}
	for _, p := range keepers(t) {
		if p == s.who && s.key >= 0 {
			return false, nil
		}
		if s.gone[p] {
			continue // whoever heals the task has its lock, and will journal what he finds
		}
		err := f.watch(t.ID, s, p)
		if err == nil || !errors.Is(err, proc.ErrGone) {
			return false, err
		}
		s.ended(p)
		return true, nil
	}
	f.darken(s)
	return false, nil
}

// watch watches a process instead of the one before.
func (f *follows) watch(id string, s *followed, p proc.Identity) error {
	f.release(s)
	if f.set == nil {
		set, err := proc.NewEnds()
		if err != nil {
			return err
		}
		f.set = set
	}
	key, err := f.set.Add(p)
	switch {
	case errors.Is(err, proc.ErrGone):
		return err
	case err != nil:
		// No descriptor is left, or the process is not one that can be seen from here.
		f.none = f.none || errors.Is(err, proc.ErrUnsupported)
		f.darken(s)
		return nil
	case f.scarce(key):
		f.set.Drop(key)
		f.darken(s)
		return nil
	}
	s.key, s.who = key, p
	f.ids[key] = id
	return nil
}

// darken leaves a task to the looks that come after a while.
func (f *follows) darken(s *followed) {
	f.release(s)
	s.dark = true
	if f.dark++; f.next.IsZero() {
		f.next = time.Now().Add(fullPause)
	}
}

// release watches nothing of the task any more.
func (f *follows) release(s *followed) {
	if s.key >= 0 {
		delete(f.ids, s.key)
		f.set.Drop(s.key)
		s.key = -1
	}
	if s.dark {
		s.dark = false
		f.dark--
	}
}

// ended gives the tasks whose processes have ended.
func (f *follows) ended() (ids []string, err error) {
	keys, err := f.set.Ended()
	for _, key := range keys {
		id := f.ids[key]
		delete(f.ids, key)
		if s := f.of[id]; s != nil && s.key == key {
			s.key = -1
			s.ended(s.who)
			ids = append(ids, id)
		}
	}
	return ids, err
}

// overdue gives, when it is time, the tasks of which nobody is watched and that need a
// look: their locks are free, or there are descriptors again.
func (f *follows) overdue() (ids []string) {
	if f == nil || f.next.IsZero() || time.Now().Before(f.next) {
		return nil
	}
	f.next = time.Time{}
	if f.dark == 0 {
		return nil
	}
	f.next = time.Now().Add(fullPause)
	room := f.room()
	for id, s := range f.of {
		if !s.dark {
			continue
		}
		held, err := store.LockHeld(f.home.TaskDir(id))
		if room--; err != nil || !held || room > 0 {
			ids = append(ids, id)
		}
	}
	return ids
}

// sooner gives the earlier one of a deadline, zero for none, and the next look.
func (f *follows) sooner(deadline time.Time) time.Time {
	if f == nil || f.next.IsZero() || !deadline.IsZero() && deadline.Before(f.next) {
		return deadline
	}
	return f.next
}

// room is about how many more processes can be watched.
func (f *follows) room() int {
	if f.none || f.set == nil {
		return 0
	}
	fd, err := unix.FcntlInt(uintptr(f.set.FD()), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	unix.Close(fd)
	if f.most == math.MaxInt {
		return math.MaxInt
	}
	return f.most - fd
}

func (f *follows) close() error {
	if f == nil || f.set == nil {
		return nil
	}
	for _, s := range f.of {
		f.release(s)
	}
	return f.set.Close()
}
