package shim

import (
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// watchdog knows when the task last showed that it lives: by output, or by a
// report of its own. It costs no wake-up: only the time at which it would have
// been silent for too long is a timer.
type watchdog struct {
	limit   time.Duration // 0 for none
	last    time.Time     // on the monotonic clock
	reports [2]int64      // when progress.json and steps.ndjson were last written, Unix nanoseconds
}

// reportFiles are what a task's reports change. Who reports also rings the
// doorbell, but there may have been no supervisor to hear it.
var reportFiles = [2]string{store.ProgressFile, store.StepsFile}

// guard begins the watch: whatever was before counts as a sign of life.
func (s *Shim) guard(now time.Time) {
	s.watchdog.limit = time.Duration(s.launch.WatchdogMs) * time.Millisecond
	if s.watchdog.limit > 0 {
		s.watchdog.last, s.watchdog.reports = now, s.reportTimes()
	}
}

// reportTimes is 0 for a file that is not there.
func (s *Shim) reportTimes() (times [2]int64) {
	for i, name := range reportFiles {
		var st unix.Stat_t
		if unix.Lstat(s.path(name), &st) == nil {
			times[i] = st.Mtim.Nano()
		}
	}
	return times
}

// barkAt is when the task will have been silent for too long; zero for never.
func (s *Shim) barkAt() time.Time {
	if s.watchdog.limit <= 0 || s.stop != nil || s.recorded || s.state.State == record.Stale {
		return time.Time{}
	}
	return s.watchdog.last.Add(s.watchdog.limit)
}

// lives notes a sign of life, which ends the task's being stale.
func (s *Shim) lives() {
	if s.watchdog.limit <= 0 {
		return
	}
	s.watchdog.last = time.Now()
	if s.state.State != record.Stale || s.stop != nil || s.recorded {
		return
	}
	s.state.State, s.state.StaleAt, s.state.StaleReason = record.Running, time.Time{}, ""
	fail.Pass("shim-watchdog-recover")
	s.announce(record.EventRecovered, s.watchdog.last)
}

// bark acts on the silence, unless it was none: a report may have come that
// nobody rang for, or the run have ended just now.
func (s *Shim) bark() {
	if s.unheard() {
		return
	}
	if s.noticeEnd(); s.leaderEnded {
		s.lookAgain(s.tree.look(s.unreaped()))
		s.settle()
	}
	if s.recorded || s.stop != nil {
		return
	}
	now := time.Now()
	s.state.State, s.state.StaleAt = record.Stale, now
	s.state.StaleReason = "no output or heartbeat for " + span(s.launch.WatchdogMs)
	fail.Pass("shim-watchdog-stale")
	s.announce(record.EventStale, now)
	if s.launch.OnWatchdog == record.WatchdogStop || s.launch.OnWatchdog == record.WatchdogRetry {
		s.begin(record.Watchdog, syscall.Signal(s.launch.Signal), time.Duration(s.launch.GraceMs)*time.Millisecond)
	}
}

// unheard looks for reports that were written since the last look. How long ago
// that was is known by the wall clock alone, so no more is believed of it than
// that it was within the limit.
func (s *Shim) unheard() bool {
	times := s.reportTimes()
	if times == s.watchdog.reports {
		return false
	}
	s.watchdog.reports = times
	ago := time.Now().UnixNano() - max(times[0], times[1])
	left := s.watchdog.limit - time.Duration(min(max(ago, 0), int64(s.watchdog.limit)))
	if left <= 0 {
		return false
	}
	s.watchdog.last = time.Now().Add(left - s.watchdog.limit)
	return true
}

// announce lets readers see a change of the running attempt.
func (s *Shim) announce(name record.EventName, at time.Time) {
	s.state.UpdatedAt = at
	store.Replace(s.path(store.StateFile), s.encoded())
	s.tell(name, at)
	store.Ring(s.path(store.BellsDir), store.BellChange)
}

// span is a number of milliseconds for people.
func span(ms int64) string {
	if ms%1000 == 0 {
		return strconv.FormatInt(ms/1000, 10) + "s"
	}
	return strconv.FormatInt(ms, 10) + "ms"
}
