package view

import (
	"errors"
	"path/filepath"
	"strconv"

	"bgtasks/lib/launch"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// A damaged record must not cost the task its supervisor: what lives could not be
// ended any more, and a start over it would be a second copy. What the other record
// says, or the marks of the processes, is enough to adopt a run. What is unknown gets
// its default.

// brokenState tells whether state.json is there and can't be read.
func (s *snapshot) brokenState() bool {
	return s.broken(store.StateFile) || s.brokenSpec() && s.stateFault
}

func (s *snapshot) brokenSpec() bool { return s.broken(store.SpecFile) }

func (s *snapshot) broken(file string) bool {
	var fault *RecordError
	return errors.As(s.fault, &fault) && fault.File == file
}

// sound is the snapshot itself if its records can be read. Else it is what healing can
// be based on, or nil.
func (s *snapshot) sound() *snapshot {
	if s.fault == nil {
		return s
	}
	if !s.brokenSpec() && !s.brokenState() {
		return nil
	}
	w := *s
	w.fault, w.salvaged = nil, true
	if s.spec == nil {
		w.spec = s.guessedSpec()
	}
	if w.spec == nil || w.state == nil && !s.mayLive() {
		return nil
	}
	return &w
}

// mayLive tells whether it is worth a look at all processes: a run that ended in order
// has neither marker nor FIFO.
func (s *snapshot) mayLive() bool {
	return s.marked || s.output != fifoAbsent || !store.IsRegular(filepath.Join(s.dir(), store.LockFile))
}

func (s *snapshot) dir() string { return store.At(s.home).TaskDir(s.id) }

// split tells whether stderr has a FIFO of its own, also of a task whose spec can't be
// read.
func (s *snapshot) split() bool {
	if s.spec != nil {
		return s.spec.Split
	}
	return store.IsFIFO(filepath.Join(s.dir(), store.ErrFIFO))
}

// guessedSpec is the spec of a run of which only this is known: its number, and the token
// of its processes if some live. It is nil if not even that is.
func (s *snapshot) guessedSpec() *record.Spec {
	boot, err := proc.BootID()
	if err != nil {
		return nil
	}
	run, token := 0, ""
	if s.state != nil {
		run = s.state.Run
	}
	if s.mayLive() {
		run, token = s.markedRun(run)
	}
	if run == 0 {
		return nil
	}
	return &record.Spec{
		ID: s.id, Run: run, RunToken: token, FirstRun: run, Name: s.id, Kind: record.DefaultKind,
		LogMax: record.DefaultLogMax, Split: s.split(), Leftovers: record.LeftoversKeep,
		Signal: record.DefaultSignal, KillGraceMs: record.DefaultGrace.Milliseconds(),
		StartedBy: record.Process{BootID: boot},
	}
}

// markedRun is the newest run of which a process lives, or the known one, and its token.
func (s *snapshot) markedRun(known int) (run int, token string) {
	run = known
	for _, m := range markedBy(s.id, s.home) {
		values, err := proc.ReadEnviron(m.Identity, []string{record.MarkRun, record.MarkToken})
		n, none := strconv.Atoi(values[record.MarkRun])
		if err == nil && none == nil && (n == known || known == 0 && n >= run) {
			run, token = n, values[record.MarkToken]
		}
	}
	if !record.ValidToken(token) {
		token = ""
	}
	return run, token
}

// salvageable tells whether a verdict may be carried out on what was salvaged. Without a
// state only the living count: that there are none tells nothing about the end. Without a
// spec whatever the state calls for is done, but for what the scheduler does.
func (s *snapshot) salvageable(v verdict) bool {
	switch v {
	case adopt:
		return true
	case adoptRest, finishEnd, recordExit, recordLost, lostReboot:
		return s.state != nil
	}
	return false
}

// Living lists the processes of a task whose records can't be read, or that was removed:
// those that have the marks of any of its runs. Its supervisor is none: one that holds no
// lock is about to go.
func Living(h *store.Home, id string) (pids []int) {
	for _, m := range markedBy(id, h.Path()) {
		if m.Comm != launch.ShimName {
			pids = append(pids, m.PID)
		}
	}
	return pids
}
