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
	// reap gives it for good, with what the leader has used if that is known.
	reap() (*syscall.WaitStatus, *proc.Usage)
	// watchLeader gets a descriptor for the end of the leader if there is none yet. It
	// tells whether that is enough to wait for a leader that ends at once.
	watchLeader() bool
	// watchRest gets descriptors for the ends of the others, where no SIGCHLD tells of
	// them.
	watchRest(t *tree, killing bool) error
	// exits are the descriptors that become readable at the ends which are waited for.
	exits(leaderEnded bool) []int
}

// own are the ties with a tree of our own: it is our child, or falls to us.
type own struct {
	leader proc.Identity
	exit   int // a descriptor for the leader's end, -1 for none
}

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

func (o *own) reap() (*syscall.WaitStatus, *proc.Usage) {
	status, usage, err := proc.Reap1(o.leader.PID)
	if err != nil {
		return nil, nil
	}
	return &status, &usage
}

// watchLeader: a descriptor tells of the end sooner than the signal, which passes
// through two threads of the runtime; without one the signal has to do.
func (o *own) watchLeader() bool {
	fd, err := proc.ExitFD(o.leader)
	if err == nil {
		o.exit = fd
	}
	return err == nil
}

func (o *own) watchRest(*tree, bool) error { return nil }

func (o *own) exits(leaderEnded bool) []int {
	if leaderEnded || o.exit < 0 {
		return nil
	}
	return []int{o.exit}
}

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

// reapLeader gives the leader's wait status, and what the tree has used. Each is nil if
// nobody can know it.
func (t *tree) reapLeader() (*syscall.WaitStatus, *record.Usage) {
	status, usage := t.reap()
	if usage == nil {
		return status, nil
	}
	t.usage.Add(*usage)
	t.reapOrphans(0) // while they are easy to tell from others' that may fall to us
	return status, &record.Usage{
		UserMs: t.usage.User.Milliseconds(), SystemMs: t.usage.System.Milliseconds(), MaxRSSKB: t.usage.MaxRSSKB,
	}
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
