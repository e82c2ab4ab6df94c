package proc

import (
	"syscall"
)

// Signal sends sig to the process that id names, and to nobody else (P8). On Linux a pidfd is opened, the identity is
// confirmed, and the signal goes through the pidfd. Where there are no pidfds (before Linux 5.3, and other systems)
// the identity is confirmed right before kill(2), which leaves the moment between the two calls.
//
// The error wraps [ErrGone] if the identity no longer holds, a zombie included, and [ErrRefused] if its pid is 1 or
// below; the errno is the kernel's otherwise. Signal 0 only checks.
func (id Identity) Signal(sig syscall.Signal) error {
	return id.signalEach(sig)
}

// signalEach sends several signals to what is certainly one process.
func (id Identity) signalEach(sigs ...syscall.Signal) error {
	if id.PID <= 1 {
		return wrapPID("signal process", id.PID, ErrRefused)
	}
	return wrapPID("signal process", id.PID, signalIdentity(id, sigs))
}

// confirm returns ErrGone unless the identity holds for a process that has not ended.
func (id Identity) confirm() error {
	p, err := id.Presence()
	if err == nil && p != Alive {
		err = ErrGone
	}
	return err
}

// killConfirmed is the second best way, for want of a pidfd.
func killConfirmed(id Identity, sigs []syscall.Signal) error {
	for _, sig := range sigs {
		if err := id.confirm(); err != nil {
			return err
		}
		if err := kill(id.PID, sig); err != nil {
			return err
		}
	}
	return nil
}

// kill is kill(2) with ESRCH said in the words of this package.
func kill(pid int, sig syscall.Signal) error {
	err := syscall.Kill(pid, sig)
	if err == syscall.ESRCH {
		return ErrGone
	}
	return err
}
