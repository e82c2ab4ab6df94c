package shim

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// watchdog sees to it that the task shows that it lives: by output, or by a report of
// its own. It costs no wake-up: each sign sets its clock to the time at which the task
// will have been silent for too long.
type watchdog struct {
	limit   time.Duration // 0 for none
	reports [2]int64      // when progress.json and steps.ndjson were last written, Unix nanoseconds
}

// reportFiles are what a task's reports change. Who reports also rings the
// doorbell, but there may have been no supervisor to hear it.
var reportFiles = [2]string{store.ProgressFile, store.StepsFile}

// limit begins to measure the time limit, and the silence: whatever was before counts
// as a sign of life.
func (s *Shim) limit(now time.Time) {
	if ms := s.launch.TimeLimitMs; ms > 0 {
		s.clocks[limitClock] = now.Add(time.Duration(ms) * time.Millisecond)
	}
	s.watchdog.limit = time.Duration(s.launch.WatchdogMs) * time.Millisecond
	if s.watchdog.limit > 0 {
		s.watchdog.reports = s.reportTimes()
		s.clocks[silenceClock] = now.Add(s.watchdog.limit)
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

// lives notes a sign of life.
func (s *Shim) lives() {
	if s.watchdog.limit > 0 {
		s.on(gaveSign)
	}
}

// revive has the watchdog wait anew, and ends the task's being stale.
func (s *Shim) revive() {
	now := time.Now()
	s.clocks[silenceClock] = now.Add(s.watchdog.limit)
	if s.record.State != record.Stale {
		return
	}
	s.record.State, s.record.StaleAt, s.record.StaleReason = record.Running, time.Time{}, ""
	fail.Pass("shim-watchdog-recover")
	s.announce(record.EventRecovered, now)
}

// bark acts on the silence.
func (s *Shim) bark() {
	now := time.Now()
	s.record.State, s.record.StaleAt = record.Stale, now
	s.record.StaleReason = "no output or heartbeat for " + span(s.launch.WatchdogMs)
	fail.Pass("shim-watchdog-stale")
	s.announce(record.EventStale, now)
	if s.launch.OnWatchdog == record.WatchdogStop || s.launch.OnWatchdog == record.WatchdogRetry {
		s.begin(record.Watchdog, s.terms())
	}
}

// unheard looks for reports that were written since the last look: nobody may have
// rung for them. How long ago
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
	s.clocks[silenceClock] = time.Now().Add(left)
	return true
}

// span is a number of milliseconds for people.
func span(ms int64) string {
	if ms%1000 == 0 {
		return strconv.FormatInt(ms/1000, 10) + "s"
	}
	return strconv.FormatInt(ms, 10) + "ms"
}
