package proc

import (
	"errors"
	"strconv"
	"syscall"
)

var (
	// ErrGone says that the process an identity names has ended (a zombie included) or that its pid is now somebody
	// else's. Nothing was signalled.
	ErrGone = errors.New("process is gone")

	// ErrRefused says that a pid is one that no task can have: init, a process group (0 and negative numbers), or
	// every process (-1).
	ErrRefused = errors.New("pid refused")

	// ErrElsewhere says that a process is of another pid or time namespace, as in another container: whether it
	// lives can't be known from here, and it can't be signalled.
	ErrElsewhere = errors.New("process is of another pid or time namespace")

	// errHidden says that a process is there and /proc shows it to others alone (hidepid, see proc(5)), who may signal it.
	errHidden error = &opError{"it exists but /proc does not show it", syscall.EPERM}

	// ErrUnsupported says that this system, or this kernel, lacks what was asked for.
	ErrUnsupported = errors.ErrUnsupported
)

// opError adds operation and object to an error without the weight of fmt.
type opError struct {
	op  string
	err error
}

func (e *opError) Error() string { return e.op + ": " + e.err.Error() }
func (e *opError) Unwrap() error { return e.err }

// wrap returns nil for a nil error, so that it can end a function.
func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &opError{op, err}
}

func wrapPID(op string, pid int, err error) error {
	if err == nil {
		return nil
	}
	return &opError{op + " " + strconv.Itoa(pid), err}
}

// ignoringEINTR calls f until it is not interrupted; see signal(7), SA_RESTART does not cover every call.
func ignoringEINTR(f func() error) error {
	for {
		if err := f(); err != syscall.EINTR {
			return err
		}
	}
}

func isGone(err error) bool        { return errors.Is(err, ErrGone) }
func isHidden(err error) bool      { return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) }
func isUnsupported(err error) bool { return errors.Is(err, ErrUnsupported) }
