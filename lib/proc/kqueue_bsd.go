//go:build darwin || freebsd

package proc

import (
	"syscall"

	"golang.org/x/sys/unix"
)

func signalIdentity(id Identity, sigs []syscall.Signal) error {
	return killConfirmed(id, sigs)
}

// openExitFD: as with a pidfd, an identity that holds after the registration says whom it is for.
func openExitFD(id Identity) (int, error) {
	kq, err := unix.Kqueue()
	if err != nil {
		return -1, err
	}
	unix.CloseOnExec(kq)
	if err := register(kq, id); err != nil {
		unix.Close(kq)
		return -1, err
	}
	return kq, nil
}

func register(kq int, id Identity) error {
	err := kevent(kq, id.PID, unix.EVFILT_PROC, unix.NOTE_EXIT)
	if err != nil && err != unix.ESRCH {
		return err
	}
	p, lookErr := id.Presence()
	switch {
	case lookErr != nil:
		return lookErr
	case p == Gone:
		return ErrGone
	case p == Zombie:
		// Darwin refuses to watch it, but it has ended, so the descriptor is to be readable at once.
		return kevent(kq, id.PID, unix.EVFILT_USER, unix.NOTE_TRIGGER)
	case err == unix.ESRCH:
		return ErrGone
	}
	return nil
}

// kevent adds a filter. A user event has to exist before it can be triggered.
func kevent(kq, ident, filter int, fflags uint32) error {
	var add unix.Kevent_t
	unix.SetKevent(&add, ident, filter, unix.EV_ADD)
	changes := []unix.Kevent_t{add}
	if filter == unix.EVFILT_USER {
		changes = append(changes, add)
	}
	changes[len(changes)-1].Fflags = fflags
	return ignoringEINTR(func() error {
		_, err := unix.Kevent(kq, changes, nil, nil)
		return err
	})
}

// reapedStatus: nobody keeps the status of a process that its parent has reaped.
func reapedStatus(int) (syscall.WaitStatus, bool) { return 0, false }
