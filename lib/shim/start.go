package shim

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
)

// Containments: what ties the tree to its supervisor.
const (
	byCgroup    = "cgroup"    // beside that, a cgroup holds it together
	bySubreaper = "subreaper" // whatever is orphaned becomes our child
	bySession   = "session"   // the system has no subreaper
)

// start executes the task, and records that. When it fails, nothing of the task runs.
func (s *Shim) start() *failure {
	if f := s.enter(); f != nil {
		return f
	}
	if f := s.open(); f != nil {
		return f
	}
	s.record.LogStart, s.record.ErrorsStart = s.out.marks()
	fail.Pass("shim-start-reserve")
	running, err := s.reserveRoom()
	if err != nil {
		return failed(record.StageShim, store.StateFile, err)
	}
	if f := s.spawn(); f != nil {
		return f
	}
	s.recordStart(running)
	return nil
}

// enter goes to the task's directory, and finds the home from there.
func (s *Shim) enter() *failure {
	err := s.goThere()
	if err == nil {
		s.home, err = findHome(s.launch.Home)
	}
	if err == nil {
		turn := store.NewTurn(s.home.Home, s.bell.wake)
		s.journal = &journal{home: s.home, turn: turn, due: s.path(store.DueFile), brief: true}
	}
	return failed(record.StageShim, "task directory", err)
}

// goThere makes the task's directory the working directory, and every path of ours
// one below it, or one from there to the home. Whoever renames a directory later, or
// plants a link in its place, then moves nothing that we write.
func (s *Shim) goThere() error {
	fd, err := unix.Open(s.launch.TaskDir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Fchdir(fd); err != nil {
		return err
	}
	s.launch.TaskDir = "."
	if !fsys.IsAt(s.lock, s.path(store.LockFile)) {
		return errNotOurs
	}
	return nil
}

var errNotOurs = errors.New("holds another lock than ours")

// open gets everything ready that supervising needs, whoever started the run.
func (s *Shim) open() *failure {
	if err := errors.Join(fail.Point("shim-start-subreaper"), s.contain()); err != nil {
		return failed(record.StageShim, "become the tree's reaper", err)
	}
	if err := errors.Join(fail.Point("shim-start-doorbell"), s.bell.open(s.path(store.CtlFIFO))); err != nil {
		return failed(record.StageShim, store.CtlFIFO, err)
	}
	if err := errors.Join(fail.Point("shim-start-streams"), s.openStreams()); err != nil {
		return failed(record.StageShim, "output", err)
	}
	fail.Pass("shim-start-tees")
	path, err := s.out.openTees(s.launch.Tees)
	return failed(record.StageTee, path, err)
}

// threads is how many a shim comes to need beside those that it starts with: for
// the signals, and to go on while others sleep in system calls. It must not find
// out that it can't have them when the task runs.
const threads = 3

// contain makes this process the one that every orphan of the tree falls to.
// The task inherits no ignored signal, whatever our starter ignored.
func (s *Shim) contain() error {
	unix.Umask(0o077)
	proc.DefaultIgnored()
	proc.ReserveThreads(threads)
	s.record.Containment = bySubreaper
	if err := proc.SetSubreaper(); errors.Is(err, proc.ErrUnsupported) {
		s.record.Containment = bySession
	} else if err != nil {
		return err
	}
	self, err := proc.Self()
	if err != nil {
		return err
	}
	shim := record.Process(self)
	s.record.Shim = &shim
	if err := store.WriteHolder(s.lock, shim); err != nil {
		return err
	}
	s.children, err = proc.NewChildNotifier()
	return err
}

// openStreams opens the logs and the reading ends.
func (s *Shim) openStreams() error {
	s.out.followers.dir = s.path(store.BellsDir)
	stems := []string{store.OutputStem, store.ErrorsStem}
	for i, fifo := range s.fifos() {
		st, err := openStream(s.path(fifo), seglog.Options{
			Dir: s.launch.TaskDir, Stem: stems[i], Max: s.launch.LogMax, Now: time.Now, Replace: store.Replace,
		})
		if err != nil {
			return err
		}
		s.out.streams = append(s.out.streams, st)
	}
	return nil
}

// fifos are the names of the output's FIFOs.
func (s *Shim) fifos() []string {
	if s.launch.Split {
		return []string{store.OutFIFO, store.ErrFIFO}
	}
	return []string{store.OutFIFO}
}

// reserveRoom takes the room for both states that this run will certainly
// have, so that a full disk is noticed before the program runs.
func (s *Shim) reserveRoom() (running *store.Reserve, err error) {
	running, err = store.NewReserve(s.path(store.StateFile))
	if err != nil {
		return nil, err
	}
	if s.reserve, err = store.NewReserve(s.path(store.StateFile)); err != nil {
		return nil, errors.Join(err, running.Release())
	}
	return running, nil
}

// recordStart writes down that the program was executed. It cannot fail for
// lack of room; if it fails otherwise the task is supervised all the same, and
// its end is written. It does not wait for the disk: a power failure ends the
// run whatever the disk says of it, and spec.json tells then from which boot it
// was.
func (s *Shim) recordStart(running *store.Reserve) {
	now := time.Now()
	s.record.StartedAt, s.record.UpdatedAt = now, now
	s.limit(now)
	fail.Pass("shim-start-record")
	if running.CommitUnsynced(s.encoded()) != nil {
		running.Release()
	}
	fail.Pass("shim-start-journal")
	if len(s.launch.Replaced) > 0 {
		s.journal.unsaid = append(s.journal.unsaid, s.launch.Replaced)
	}
	s.tell(record.EventStarted, now)
	s.ring()
}
