package proc

import (
	"os"
	"syscall"
)

// Refusing returns the pids of those members that this process may not signal: they have become another user's, by a
// set-user-id program, or a security module protects them. Of a process that nobody shows us it is not known, and so it
// is taken for one.
func Refusing(live []Member) (pids []int) {
	for _, m := range live {
		if IsRefusal(m.signalMember(os.Getpid(), []syscall.Signal{0})) {
			pids = append(pids, m.PID)
		}
	}
	return pids
}

// IsRefusal tells whether an error says that a process may not be signalled.
func IsRefusal(err error) bool { return isHidden(err) }

// Owner returns the real user of the process that has pid now, by whom it may be signalled, and the name of its program.
// It is false where that is not known: the process is gone or hidden (hidepid, see proc(5)), or the system does not
// tell.
func Owner(pid int) (uid int, comm string, ok bool) {
	uid, ok = realUser(pid)
	st, err := ReadStat(pid)
	return uid, st.Comm, ok && err == nil
}
