package proc

import (
	"os"
	"sync"
	"syscall"
)

// An Identity names one process for ever: pids are given out again, but not with the same start time in the same boot
// (P8). It holds within the pid and time namespace it was made in, see pid_namespaces(7) and time_namespaces(7).
type Identity struct {
	// BootID names the boot of the kernel: /proc/sys/kernel/random/boot_id (Linux), kern.bootsessionuuid (Darwin),
	// kern.boottime (FreeBSD).
	BootID string
	// PID is the process id, that of the thread group.
	PID int
	// StartTicks is when the process started: clock ticks since the boot, field 22 of proc_pid_stat(5) (Linux);
	// microseconds since the epoch (Darwin, FreeBSD). It is compared, never calculated with.
	StartTicks uint64
	// PIDNS is the inode number of the pid namespace that PID is of, and TimeNS that of the time namespace that
	// StartTicks is of; 0 where that is not known, and on systems without namespaces.
	PIDNS, TimeNS uint64
}

// Presence is what can be said about the process behind an identity.
type Presence int

const (
	// Gone: it ended and was reaped, or another boot or another process with its pid has taken its place.
	Gone Presence = iota
	// Zombie: it ended and nobody has reaped it. It executes nothing, holds no files and cannot be signalled.
	Zombie
	// Alive: it exists and has not ended; it may be stopped.
	Alive
)

// String returns the lower-case word for p.
func (p Presence) String() string {
	switch p {
	case Gone:
		return "gone"
	case Zombie:
		return "zombie"
	case Alive:
		return "alive"
	}
	return "unknown"
}

// thisBoot is read until it is known: it cannot change below a running process.
var thisBoot struct {
	sync.Mutex
	id string
}

// BootID returns the name of this boot, see [Identity].
func BootID() (string, error) {
	thisBoot.Lock()
	defer thisBoot.Unlock()
	var err error
	if thisBoot.id == "" {
		thisBoot.id, err = readBootID()
	}
	return thisBoot.id, wrap("read boot id", err)
}

// Identify returns the identity of whoever has pid now. A zombie has one too. The error is [ErrGone] if there is no
// such process, [ErrRefused] if pid is below 1.
//
// The answer is only as good as the caller's reason to believe that pid is still the process meant: it is certain for
// oneself, for one's parent's unreaped child, and for nobody else.
func Identify(pid int) (Identity, error) {
	boot, err := BootID()
	if err != nil {
		return Identity{}, err
	}
	st, err := ReadStat(pid)
	if err != nil {
		return Identity{}, err
	}
	return member(boot, st).Identity, nil
}

// Elsewhere tells whether the process is, or was, of this boot and of another pid or time namespace than this one: its
// pid and its start then mean nothing here. An identity without namespaces is taken for one of ours.
func (id Identity) Elsewhere() bool {
	boot, err := BootID()
	pid, clock := namespaces()
	return err == nil && boot == id.BootID && (isOther(id.PIDNS, pid) || isOther(id.TimeNS, clock))
}

// isOther is false for what is not known.
func isOther(theirs, ours uint64) bool { return theirs != 0 && ours != 0 && theirs != ours }

// Is tells whether two identities name one process. One of them may have no namespaces.
func (id Identity) Is(other Identity) bool {
	return id.BootID == other.BootID && id.PID == other.PID && id.StartTicks == other.StartTicks &&
		!isOther(id.PIDNS, other.PIDNS) && !isOther(id.TimeNS, other.TimeNS)
}

// here completes an identity without namespaces by ours, so that it equals that of a process which is listed here.
func (id Identity) here() Identity {
	pid, clock := namespaces()
	if id.PIDNS == 0 {
		id.PIDNS = pid
	}
	if id.TimeNS == 0 {
		id.TimeNS = clock
	}
	return id
}

// Self returns the identity of this process.
func Self() (Identity, error) {
	return Identify(os.Getpid())
}

// Presence says whether the process that id names still is. The error is set when that cannot be known, for example
// because /proc is not mounted or hides the process (hidepid, see proc(5)), or it is of another namespace
// ([ErrElsewhere]), or is refused ([ErrRefused], a pid below 1); the Presence is then meaningless.
// kill(pid, 0) is not asked for a yes: it succeeds for a zombie and for a stranger alike.
func (id Identity) Presence() (Presence, error) {
	_, p, err := id.look()
	return p, err
}

// look returns the stat of the process too, which is valid unless it is gone.
func (id Identity) look() (Stat, Presence, error) {
	if id.PID < 1 {
		return Stat{}, Gone, wrapPID("look at process", id.PID, ErrRefused)
	}
	boot, err := BootID()
	if err != nil {
		return Stat{}, Gone, err
	}
	if boot != id.BootID {
		return Stat{}, Gone, nil
	}
	if id.Elsewhere() {
		return Stat{}, Gone, wrapPID("look at process", id.PID, ErrElsewhere)
	}
	st, err := ReadStat(id.PID)
	switch {
	case isGone(err):
		return Stat{}, Gone, nil
	case err != nil:
		return Stat{}, Gone, err
	case st.StartTicks != id.StartTicks:
		return Stat{}, Gone, nil
	case st.Ended():
		return st, Zombie, nil
	}
	return st, Alive, nil
}

// ZombieStatus returns the wait status of a process that has ended and was not reaped by its parent, whoever that is.
// It is false if the process is not a zombie, or if its status cannot be known: Linux shows it (field 52 of
// proc_pid_stat(5), since 3.5) only to those who may inspect the process, see ptrace(2), and shows others a zero,
// which is not taken for an exit code (P3).
func (id Identity) ZombieStatus() (syscall.WaitStatus, bool) {
	st, p, err := id.look()
	if err != nil || p != Zombie {
		return 0, false
	}
	if st.ExitCode == 0 && !statusVisible(id.PID) {
		return 0, false
	}
	// Had the zombie been reaped and its pid been given out between the two looks, the second answer would be about
	// a stranger. A third look settles it.
	if _, p, err = id.look(); err != nil || p != Zombie {
		return 0, false
	}
	return syscall.WaitStatus(st.ExitCode), true
}
