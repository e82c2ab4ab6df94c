package shim

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Containments: what ties the tree to its supervisor.
const (
	byCgroup    = "cgroup"    // beside that, a cgroup holds it together
	bySubreaper = "subreaper" // whatever is orphaned becomes our child
	bySession   = "session"   // the system has no subreaper
)

// Shim supervises one run.
type Shim struct {
	launch *record.Launch
	home   *home
	lock   *os.File   // held as long as it is open
	spare  []*os.File // locks of ours on files that others have removed
	tree   tree

	state   record.State
	reserve *store.Reserve // for the terminal state
	journal *journal

	children    *proc.ChildNotifier
	ctl         int // the doorbell
	out         output
	limit       time.Time
	watchdog    watchdog
	stop        *stopping
	leaderEnded bool
	again       bool // another attempt follows
	recorded    bool
	sent        bool // the dispatcher was thought of
	chase       bool
	blind       bool // the last look at the tree failed
	armed       bool // signals are handled
	kept        bool // the record of the end is on the disk

	dueAt     time.Time // when what reports have left is journalled; zero if nothing is
	keepAt    time.Time // when that record is tried again; zero if it need not be
	keepDelay time.Duration

	polled  []unix.PollFd           // reused by every poll
	message [record.MaxMessage]byte // what came to the doorbell
	pending int                     // bytes of a message that is not whole yet
}

func newShim(l *record.Launch, lock *os.File) *Shim {
	s := &Shim{
		launch: l,
		lock:   lock,
		state:  record.State{Run: l.Run, Attempt: l.Attempt, State: record.Running},
	}
	s.tree.Forest = proc.OwnTree(s.foreign)
	return s
}

// start goes through the steps of DESIGN §6 up to the journal. When it fails
// it says at which stage and on what; nothing of the task runs then.
func (s *Shim) start() (stage, on string, err error) {
	if stage, on, err := s.open(); err != nil {
		return stage, on, err
	}
	s.state.LogStart, s.state.ErrorsStart = s.out.marks()
	fail.Pass("shim-start-reserve")
	running, err := s.reserveRoom()
	if err != nil {
		return record.StageShim, store.StateFile, err
	}
	if stage, on, err := s.spawn(); err != nil {
		return stage, on, err
	}
	s.recordStart(running)
	return "", "", nil
}

// open gets everything ready that supervising needs, whoever started the run.
func (s *Shim) open() (stage, on string, err error) {
	if err := s.enter(); err != nil {
		return record.StageShim, "task directory", err
	}
	lost, err := s.remakeFIFOs()
	if err != nil {
		return record.StageShim, "FIFOs", err
	}
	if err := errors.Join(fail.Point("shim-start-subreaper"), s.contain()); err != nil {
		return record.StageShim, "become the tree's reaper", err
	}
	if err := errors.Join(fail.Point("shim-start-doorbell"), s.openDoorbell()); err != nil {
		return record.StageShim, store.CtlFIFO, err
	}
	if err := errors.Join(fail.Point("shim-start-streams"), s.openStreams(lost)); err != nil {
		return record.StageShim, "output", err
	}
	fail.Pass("shim-start-tees")
	if path, err := s.out.openTees(s.launch.Tees); err != nil {
		return record.StageTee, path, err
	}
	return "", "", nil
}

// enter makes the task's directory the working directory, and every path of ours
// one below it, or one from there to the home. Whoever renames a directory later, or
// plants a link in its place, then moves nothing that we write.
func (s *Shim) enter() error {
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
	if s.home, err = findHome(s.launch.Home); err == nil {
		s.journal = newJournal(s.home, s.path(store.DueFile), s.ownBell)
	}
	return err
}

var errNotOurs = errors.New("holds another lock than ours")

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
	s.state.Containment = bySubreaper
	if err := proc.SetSubreaper(); errors.Is(err, proc.ErrUnsupported) {
		s.state.Containment = bySession
	} else if err != nil {
		return err
	}
	self, err := proc.Self()
	if err != nil {
		return err
	}
	shim := record.Process(self)
	s.state.Shim = &shim
	if err := store.WriteHolder(s.lock, shim); err != nil {
		return err
	}
	s.children, err = proc.NewChildNotifier()
	return err
}

func (s *Shim) path(name string) string { return filepath.Join(s.launch.TaskDir, name) }

// openStreams opens the logs and the reading ends. That of a FIFO that was lost is had
// from the task, if it can be.
func (s *Shim) openStreams(lost map[string]bool) error {
	s.out.followers.dir = s.path(store.BellsDir)
	stems := []string{store.OutputStem, store.ErrorsStem}
	for i, fifo := range s.fifos() {
		if err := s.out.openStream(s.path(fifo), s.launch.TaskDir, stems[i], s.launch.LogMax); err != nil {
			return err
		}
		if lost[fifo] {
			s.out.streams[i].comeFrom(s.openLost(fifo))
		}
	}
	return nil
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

// spawn executes the program in a session of its own, with the user's umask
// and environment.
func (s *Shim) spawn() (stage, on string, err error) {
	stdin, err := openStdin(s.launch.Stdin)
	if err != nil && s.launch.Stdin == "" {
		return record.StageShim, os.DevNull, err // no file of the user's
	}
	if err != nil {
		return record.StageStdin, s.launch.Stdin, err
	}
	defer unix.Close(stdin)
	out, errs, err := s.writeEnds()
	if err != nil {
		return record.StageShim, store.OutFIFO, err
	}
	fail.Pass("shim-start-spawn")
	spec := proc.SpawnSpec{
		Path:   s.launch.Path,
		Argv:   s.launch.Argv,
		Env:    taskEnv(os.Environ(), s.launch.RestoreEnv),
		Dir:    s.launch.Dir,
		Files:  []uintptr{uintptr(stdin), uintptr(out), uintptr(errs)},
		Setsid: true,
		Umask:  s.launch.Umask,
	}
	pid, err := proc.Inheriting(s.launch.Limits, func() (int, error) { return s.execute(spec) })
	unix.Close(out)
	if errs != out {
		unix.Close(errs)
	}
	if err != nil {
		return s.spawnFailure(err)
	}
	return s.identify(pid)
}

func (s *Shim) spawnFailure(err error) (stage, on string, _ error) {
	var failure *proc.SpawnError
	if errors.As(err, &failure) {
		switch failure.Step {
		case proc.StepChdir:
			return record.StageDir, s.launch.Dir, err
		case proc.StepFork:
			return record.StageShim, "fork", err
		}
	}
	return record.StageExec, s.launch.Path, err
}

// identify gives the leader its full name. It can't have been reaped yet, so
// this works for one that has ended already, too.
func (s *Shim) identify(pid int) (stage, on string, err error) {
	id, err := proc.Identify(pid)
	if err == nil {
		err = fail.Point("shim-start-identify")
	}
	if err != nil {
		s.tree.KillChildren()
		return record.StageShim, "identify the leader", err
	}
	s.tree.ties = &own{id, -1}
	leader := record.Process(id)
	s.state.Leader = &leader
	return "", "", nil
}

// writeEnds opens the task's ends of the FIFOs. They are open for reading too:
// the death of the shim then raises no SIGPIPE, and what the task writes stays
// in the pipe for the next one (P7).
func (s *Shim) writeEnds() (out, errs int, err error) {
	const mode = unix.O_RDWR | unix.O_CLOEXEC | unix.O_NOFOLLOW
	out, err = unix.Open(s.path(store.OutFIFO), mode, 0)
	if err != nil || !s.launch.Split {
		return out, out, err
	}
	errs, err = unix.Open(s.path(store.ErrFIFO), mode, 0)
	if err != nil {
		unix.Close(out)
	}
	return out, errs, err
}

// openStdin opens the task's standard input without waiting for the writer of
// a FIFO; the task itself then reads it in the ordinary, blocking way.
func openStdin(path string) (int, error) {
	if path == "" {
		path = os.DevNull
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err != nil {
		return -1, err
	}
	return fd, unix.SetNonblock(fd, false)
}

// taskEnv gives the task the user's own values of the variables that tune this
// program's runtime.
func taskEnv(environ, restore []string) []string {
	env := make([]string, 0, len(environ)+len(restore))
	for _, kv := range environ {
		if !tunesRuntime(kv) {
			env = append(env, kv)
		}
	}
	return append(env, restore...)
}

func tunesRuntime(kv string) bool {
	name, _, _ := strings.Cut(kv, "=")
	for _, tuning := range record.ShimTuning() {
		if strings.HasPrefix(tuning, name+"=") {
			return true
		}
	}
	return false
}

// recordStart writes down that the program was executed. It cannot fail for
// lack of room; if it fails otherwise the task is supervised all the same, and
// its end is written. It does not wait for the disk: a power failure ends the
// run whatever the disk says of it, and spec.json tells then from which boot it
// was.
func (s *Shim) recordStart(running *store.Reserve) {
	now := time.Now()
	s.state.StartedAt, s.state.UpdatedAt = now, now
	if ms := s.launch.TimeLimitMs; ms > 0 {
		s.limit = now.Add(time.Duration(ms) * time.Millisecond)
	}
	s.guard(now)
	fail.Pass("shim-start-record")
	if running.CommitUnsynced(s.encoded()) != nil {
		running.Release()
	}
	fail.Pass("shim-start-journal")
	if len(s.launch.Replaced) > 0 {
		s.journal.unsaid = append(s.journal.unsaid, s.launch.Replaced)
	}
	s.tell(record.EventStarted, now)
	store.Ring(s.path(store.BellsDir), store.BellChange)
}

// encoded is the record of where the run stands now.
func (s *Shim) encoded() []byte {
	s.state.TeeMissed = s.launch.Adopt.TeeMissed + s.out.teeMissed()
	return append(s.state.AppendJSON(nil), '\n')
}
