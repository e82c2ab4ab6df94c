package heal

import (
	"errors"
	"path/filepath"
	"strconv"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// A damaged record must not cost the task its supervisor: what lives could not be
// ended any more, and a start over it would be a second copy. What the other record
// says, or the marks of the processes, is enough to adopt a run. What is unknown gets
// its default.

func (s *patient) brokenSpec() bool { return s.broken(store.SpecFile) }

func (s *patient) broken(file string) bool {
	var fault *view.RecordError
	return errors.As(s.Fault, &fault) && fault.File == file
}

// sound is the snapshot itself if its records can be read. Else it is what healing can
// be based on, or nil.
func (s *patient) sound() *patient {
	if s.Fault == nil {
		return s
	}
	if !s.brokenSpec() && !s.brokenState() {
		return nil
	}
	whole := *s.Snapshot
	w := &patient{Snapshot: &whole, lost: s.lost, salvaged: true}
	w.Fault = nil
	if s.Spec == nil {
		w.Spec = s.guessedSpec()
	}
	if w.Spec == nil || w.State == nil && !s.mayLive() {
		return nil
	}
	return w
}

// mayLive tells whether it is worth a look at all processes: a run that ended in order
// has neither marker nor FIFO.
func (s *patient) mayLive() bool {
	return s.Marked || s.Output != view.FIFOAbsent || !store.IsRegular(filepath.Join(s.dir(), store.LockFile))
}

func (s *patient) dir() string { return store.At(s.Home).TaskDir(s.ID) }

// guessedSpec is the spec of a run of which only this is known: its number, and the token
// of its processes if some live. It is nil if not even that is.
func (s *patient) guessedSpec() *record.Spec {
	boot, err := proc.BootID()
	if err != nil {
		return nil
	}
	run, token := 0, ""
	if s.State != nil {
		run = s.State.Run
	}
	if s.mayLive() {
		run, token = s.markedRun(run)
	}
	if run == 0 {
		return nil
	}
	return &record.Spec{
		ID: s.ID, Run: run, RunToken: token, FirstRun: run, Name: s.ID, Kind: record.DefaultKind,
		LogMax: record.DefaultLogMax, Split: s.split(), Leftovers: record.LeftoversKeep,
		Signal: record.DefaultSignal, KillGraceMs: record.DefaultGrace.Milliseconds(),
		StartedBy: record.Process{BootID: boot},
	}
}

// markedRun is the newest run of which a process lives, or the known one, and its token.
func (s *patient) markedRun(known int) (run int, token string) {
	run = known
	for _, m := range view.MarkedBy(s.ID, s.Home) {
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
func (s *patient) salvageable(v verdict) bool {
	switch v {
	case adopt:
		return true
	case adoptRest, finishEnd, recordExit, recordLost, lostReboot:
		return s.State != nil
	}
	return false
}

// brokenState tells whether state.json is there and can't be read.
func (s *patient) brokenState() bool {
	return s.broken(store.StateFile) || s.brokenSpec() && s.StateFault
}
