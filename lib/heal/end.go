package heal

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// endState is the terminal record that a verdict leads to. Whoever heals was
// not there when the leader ended: exitedAt stays unknown (P3).
func endState(s *patient, v verdict, f *finding, now time.Time) *record.State {
	end := &record.State{Run: s.Spec.Run, Attempt: 1}
	if s.State != nil {
		*end = *s.State
	}
	end.UpdatedAt, end.ClaimedBy = now, nil
	if !s.Begun() {
		end.LogStart, end.ErrorsStart = lastEnds(store.At(s.Home), s.ID)
	}
	end.StaleAt, end.StaleReason = time.Time{}, ""
	if end.Stop == nil {
		end.Stop = s.Stop
	}
	if s.lost || v == lostReboot {
		end.OutputEnd = record.OutputUnknown
	}
	begun := end.Reason // what its supervisor had begun to end it for
	end.State, end.Reason = record.Failed, record.Lost
	switch v {
	case lostReboot:
		end.Reason = record.LostReboot
	case recordExit:
		recordStatus(end, f.wait, s.Spec.SuccessExitCodes)
		switch {
		case end.Stop != nil:
		case begun == record.TimeLimit:
			end.State, end.Reason = record.TimedOut, begun
		case begun == record.Watchdog:
			end.State, end.Reason = record.Failed, begun
		}
	}
	end.OOM = f.sameBoot && s.oomKilled()
	if s.Output == view.FIFOHeld {
		end.Leftovers = max(end.Leftovers, 1)
	} else if f.leader && f.sameBoot {
		s.Kin = s.CountKin(f.who)
		end.Leftovers = s.Kin
	}
	if end.Leftovers == 0 && s.again(end, begun) {
		s.retry(end, now)
	}
	return end
}

// recordStatus fills in what a wait status says. With a stop that was asked
// for, the end is that stop's, whatever the code: the code is kept beside it.
func recordStatus(end *record.State, status syscall.WaitStatus, success []int) {
	if status.Signaled() {
		name := proc.SignalName(status.Signal())
		end.Signal = &name
		end.State, end.Reason = record.Failed, record.BySignal
	} else {
		code := status.ExitStatus()
		end.ExitCode = &code
		end.State, end.Reason = record.Failed, record.SelfExit
		if code == 0 || slices.Contains(success, code) {
			end.State = record.Succeeded
		}
	}
	if end.Stop != nil {
		end.State, end.Reason = record.Cancelled, record.Stopped
		if end.Stop.Cause != "" {
			end.Reason = end.Stop.Cause
		}
	}
}

// oomKilled tells what the tree's cgroup tells of it.
func (s *patient) oomKilled() bool {
	group, err := s.Cgroup()
	if err != nil {
		return false
	}
	defer group.Close()
	return group.OOMKilled()
}

// again tells whether another attempt follows on this end. begun is what its
// supervisor was ending it for without having been asked to.
func (s *patient) again(end *record.State, begun record.Reason) bool {
	onPurpose := begun == record.TimeLimit || begun == record.Watchdog && s.Spec.WatchdogAction != record.WatchdogRetry
	return s.Spec.Schedule != nil && !onPurpose && s.Spec.Retry.Again(end, s.Spec.WatchdogAction)
}

// retry makes that end one of an attempt that is followed by another.
func (s *patient) retry(end *record.State, now time.Time) {
	var bootMs int64
	if boot, err := proc.BootID(); err == nil && end.Shim != nil && end.Shim.BootID == boot {
		bootMs, _ = proc.BootMs()
	}
	end.Retried(s.Spec.Retry.Backoff.DelayMs(end.Attempt, rand.Float64()), now, bootMs)
}

// mustEndFirst tells whether an attempt that nobody saw the end of would be
// followed by another, but for someone of its tree who lives. A supervisor then
// has to end that one first.
func (s *patient) mustEndFirst(v verdict, f *finding) bool {
	if v != recordExit && v != recordLost || !f.leader || !f.sameBoot {
		return false
	}
	end := endState(s, v, f, time.Now())
	if end.Leftovers == 0 {
		return false
	}
	var begun record.Reason
	if s.State != nil {
		begun = s.State.Reason
	}
	return s.again(end, begun)
}

// recordEnd writes the terminal state and does what follows from it. What the
// dead shim had not read is taken into the log first, so that whoever sees the
// end sees the output too. FIFOs that nobody else holds are let go before that: who
// looks at the end would take this process for a survivor of the tree.
func (r healer) recordEnd(s *patient, v verdict, f *finding, out *outputs) error {
	if v != lostReboot {
		r.drain(s, out)
	}
	dir := r.Home.TaskDir(s.ID)
	r.settleLogs(s)
	fail.Pass("heal-record")
	end := endState(s, v, f, time.Now())
	end.LogEnd = logEnd(dir, store.OutputStem)
	if s.Spec.Split {
		end.ErrorsEnd = logEnd(dir, store.ErrorsStem)
	}
	if err := store.Replace(filepath.Join(dir, store.StateFile), append(end.AppendJSON(nil), '\n')); err != nil {
		return err
	}
	if err := store.SyncDir(dir); err != nil {
		return err
	}
	s.State = end
	if err := r.journalEnd(s); err != nil {
		return err
	}
	if s.Waiting() {
		return r.tidyRetry(s)
	}
	return r.tidy(s)
}

// finishEnd resumes where whoever recorded the end was cut short.
func (r healer) finishEnd(s *patient) error {
	if s.Marked {
		done, err := journalled(r.Home, s.State.UpdatedAt, s.ID, s.State.Run, s.State.Attempt, record.EndEvent(s.State))
		if err == nil && !done {
			err = r.journalEnd(s)
		}
		if err != nil {
			return err
		}
	}
	return r.tidy(s)
}

// tidy does the steps after the journal: forget the stop, remove the FIFOs,
// then the marker that says that all this is to be done, and wake those who
// wait. FIFOs that a survivor of the tree holds stay: its output is still to be
// had.
func (r healer) tidy(s *patient) error {
	fail.Pass("heal-tidy")
	dir := r.Home.TaskDir(s.ID)
	err := errors.Join(store.RemoveStop(dir), store.RemoveEnv(dir))
	if s.Output != view.FIFOHeld && s.Kin == 0 {
		err = errors.Join(err, store.RemoveFIFOs(dir))
		if group, err := s.Cgroup(); err == nil {
			group.Remove()
		}
	}
	err = errors.Join(err, r.Home.UnmarkLive(s.ID))
	fail.Pass("heal-ring")
	store.Ring(filepath.Join(dir, store.BellsDir), store.BellLog)
	store.Ring(filepath.Join(dir, store.BellsDir), store.BellChange)
	return err
}
