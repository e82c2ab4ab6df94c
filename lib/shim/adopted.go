package shim

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// adopted are the ties with a tree that another supervisor started. None of its
// processes is our child, so no SIGCHLD tells of an end.
type adopted struct {
	watched
	guessed bool // the leader was found by its looks
}

// ended: it may be a zombie of another parent.
func (a *adopted) ended() bool {
	presence, err := a.leader.Presence()
	return err == nil && presence != proc.Alive
}

func (a *adopted) peek() *syscall.WaitStatus {
	if a.guessed {
		return nil
	}
	status, known := proc.ExitStatus(a.exit, a.leader)
	if !known {
		return nil
	}
	return &status
}

func (a *adopted) reap(*tree) (*syscall.WaitStatus, *record.Usage) { return a.peek(), nil }

// maxLooks bounds how often a tree is looked at whose processes all end before they can
// be watched, or can't be watched at all.
const maxLooks = 100

// errTooQuick says that there is a rest of the tree, but each was gone before it could
// be watched.
var errTooQuick = errors.New("processes end too quickly to be watched")

// watchRest: one that is forked after the look is found at the next, which the end of
// its parent brings.
func (a *adopted) watchRest(t *tree, killing bool) error {
	for _, fd := range a.others {
		unix.Close(fd)
	}
	a.others = a.others[:0]
	for range maxLooks {
		live, err := t.Live()
		if err == nil {
			err = a.watchEach(live)
		}
		if err != nil {
			return err
		}
		t.gone = len(live) == 0
		if killing {
			// Whoever was forked after the last kill is watched now, and may never end by itself.
			t.KillChildren()
		}
		if t.gone || len(a.others) > 0 {
			return nil
		}
	}
	return errTooQuick
}

// watchEach adds the descriptors of those who are still there.
func (a *adopted) watchEach(live []proc.Member) error {
	for _, m := range live {
		fd, err := proc.ExitFD(m.Identity)
		switch {
		case err == nil:
			a.others = append(a.others, fd)
		case !errors.Is(err, proc.ErrGone):
			return err
		}
	}
	return nil
}
