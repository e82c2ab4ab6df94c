package doctor

import (
	"errors"
	"strconv"
	"syscall"
	"time"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// killPatience is how long a tree may take to be gone after KILL.
const killPatience = 15 * time.Second

var errLeft = errors.New("its processes do not end")

// end ends the whole tree of a stray: TERM, the default grace, KILL until none is left. Its
// supervisor, if that lives, goes by itself then. Each signal goes to a process whose
// identity was confirmed.
func (s *stray) end() error {
	run, _ := strconv.Atoi(s.run)
	kin := proc.KinOf(s.members[0].Identity, record.Marks(s.token, s.id, run, s.home), s.foreign)
	kin.Guessed()
	if _, err := kin.SignalAll(syscall.SIGTERM); err != nil && !errors.Is(err, syscall.EPERM) {
		return err
	}
	if err := awaitAll(kin.Live, time.Now().Add(record.DefaultGrace)); err == nil {
		return s.seeOff()
	}
	deadline := time.Now().Add(killPatience)
	for time.Now().Before(deadline) {
		if _, err := kin.KillChildren(); err != nil && !errors.Is(err, syscall.EPERM) {
			return err
		}
		if awaitAll(kin.Live, time.Now().Add(time.Second)) == nil {
			return s.seeOff()
		}
	}
	return errLeft
}

// foreign leaves supervisors alone, and what is of another task.
func (s *stray) foreign(pid int) bool {
	id, err := proc.Identify(pid)
	if err != nil {
		return false
	}
	if st, err := proc.ReadStat(pid); err == nil && st.Comm == record.ShimName {
		return true
	}
	values, err := proc.ReadEnviron(id, []string{record.MarkToken, record.MarkTask})
	token := values[record.MarkToken]
	return err == nil && (token != "" && token != s.token || token == "" && values[record.MarkTask] != "" && values[record.MarkTask] != s.id)
}

// seeOff waits for the supervisor, which has nothing left to do. It is killed if it stays:
// nothing is below it.
func (s *stray) seeOff() error {
	shims := func() (live []proc.Member, err error) {
		for _, b := range s.shims {
			if p, err := b.Presence(); err == nil && p == proc.Alive {
				live = append(live, b.Member)
			}
		}
		return live, nil
	}
	if awaitAll(shims, time.Now().Add(record.DefaultGrace)) == nil {
		return nil
	}
	left, _ := shims()
	for _, m := range left {
		if err := m.Signal(syscall.SIGKILL); err != nil && !errors.Is(err, proc.ErrGone) {
			return err
		}
	}
	return nil
}

// awaitAll waits until list gives nobody, or the deadline has passed.
func awaitAll(list func() ([]proc.Member, error), deadline time.Time) error {
	for {
		live, err := list()
		if err != nil || len(live) == 0 {
			return err
		}
		ended, err := proc.AwaitEnd(live[0].Identity, deadline)
		if err != nil {
			return err
		}
		if !ended {
			return errLeft
		}
	}
}
