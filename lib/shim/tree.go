package shim

import (
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// tree is the processes of the run: how they are found and ended, how their ends are
// learned, and what was seen of them.
type tree struct {
	proc.Forest
	ties
	group   *proc.Cgroup // nil if none holds it
	usage   proc.Usage   // of those that were reaped
	gone    bool         // nobody is left, for good
	refused bool         // someone may not be signalled
}

// ties are what a supervisor has with a tree of its own, or with one that another
// supervisor started.
type ties interface {
	// ended tells whether the leader has ended.
	ended() bool
	// peek gives the wait status of a leader that has ended, and leaves it unreaped.
	// It is nil if nobody can know it.
	peek() *syscall.WaitStatus
	// reap gives it for good, and what the tree has used, nil if nobody can know that.
	reap(*tree) (*syscall.WaitStatus, *record.Usage)
	// watchLeader gets a descriptor for the leader's end if there is none yet. It tells of
	// that sooner than a signal, which passes through two threads of the runtime.
	watchLeader() error
	// watchRest gets descriptors for the ends of the others, where no SIGCHLD tells of
	// them.
	watchRest(t *tree, killing bool) error
	// exits are the descriptors that become readable at the ends which are waited for.
	exits(leaderEnded bool) []int
}

// watched are the processes that descriptors tell the ends of: pidfd_open(2), kqueue(2).
type watched struct {
	leader proc.Identity
	exit   int   // the leader's, -1 for none
	others []int // those of the rest of the tree, once that matters
}

func (w *watched) watchLeader() (err error) {
	if w.exit < 0 {
		w.exit, err = proc.ExitFD(w.leader)
	}
	return err
}

func (w *watched) exits(leaderEnded bool) []int {
	if leaderEnded || w.exit < 0 {
		return w.others
	}
	return append([]int{w.exit}, w.others...)
}

// own are the ties with a tree of our own: it is our child, or falls to us.
type own struct{ watched }

func (o *own) ended() bool {
	ended, err := proc.Ended(o.leader.PID)
	return ended || err != nil
}

func (o *own) peek() *syscall.WaitStatus {
	status, err := proc.PeekStatus(o.leader.PID)
	if err != nil {
		return nil
	}
	return &status
}

func (o *own) reap(t *tree) (*syscall.WaitStatus, *record.Usage) {
	status, usage, err := proc.Reap1(o.leader.PID)
	if err != nil {
		return nil, nil
	}
	t.usage.Add(usage)
	t.reapOrphans(0) // while they are easy to tell from others' that may fall to us
	return &status, &record.Usage{
		UserMs: t.usage.User.Milliseconds(), SystemMs: t.usage.System.Milliseconds(), MaxRSSKB: t.usage.MaxRSSKB,
	}
}

func (o *own) watchRest(*tree, bool) error { return nil }

// kill kills whom it finds, and passes over what may not be killed: a process that
// became another user's.
func (t *tree) kill() error {
	_, err := t.KillChildren()
	if t.note(err); proc.IsRefusal(err) {
		return nil
	}
	return err
}

// signal sends sig to all of the tree.
func (t *tree) signal(sig syscall.Signal) {
	_, err := t.SignalAll(sig)
	t.note(err)
}

func (t *tree) note(err error) { t.refused = t.refused || proc.IsRefusal(err) }

// look finds out whether the tree is gone, once the leader has ended; unreaped is the
// leader as long as it is kept.
func (t *tree) look(unreaped int) (err error) {
	if t.group != nil {
		t.group.Populated() // until this is asked, poll(2) tells of a change again and again
	}
	if !t.gone {
		t.gone, err = t.Empty(unreaped)
	}
	return err
}

// reapOrphans reaps those that have ended, but for the leader as long as it is kept.
func (t *tree) reapOrphans(unreaped int) {
	usage, _, _ := t.Reap(unreaped)
	t.usage.Add(usage)
}

// polled adds what poll(2) is asked about the tree. The cgroup is asked about only once
// the leader has ended, so that an idle shim is not woken.
func (t *tree) polled(set []unix.PollFd, leaderEnded bool) []unix.PollFd {
	for _, fd := range t.exits(leaderEnded) {
		set = append(set, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
	}
	if t.group != nil && leaderEnded {
		set = append(set, unix.PollFd{Fd: int32(t.group.Events()), Events: unix.POLLPRI})
	}
	return set
}
