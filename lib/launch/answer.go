package launch

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// How long a supervisor is waited for: until it says that it has started a task, or
// taken over a run. A start may have to wait for a slow disk, and has nothing else to
// do. Whoever looks at a task must not be kept for long: the next one who looks
// tries again.
const (
	startPatience = 20 * time.Second
	adoptPatience = 10 * time.Second
)

// silentError says that a supervisor did not answer in time, and was killed. Unless it
// had begun, nothing of the task runs.
type silentError struct{ patience time.Duration }

func (e *silentError) Error() string {
	return fmt.Sprintf("the supervisor has not answered within %v", e.patience)
}

func (e *silentError) Unwrap() error { return record.ErrReport }

// silence remembers that a supervisor did not answer: another one of the same program
// will not either, so who has many to start is not kept by each.
var silence struct {
	sync.Mutex
	until time.Time
}

// silencePause is for how long nobody is asked again.
const silencePause = time.Minute

func silent(now time.Time) bool {
	silence.Lock()
	defer silence.Unlock()
	return now.Before(silence.until)
}

func fallSilent(now time.Time) {
	silence.Lock()
	defer silence.Unlock()
	silence.until = now.Add(silencePause)
}

// maxReport is the most that a report may have, in bytes: a path, and a few words.
const maxReport = 64 << 10

// write hands over the launch block. The error is errLate if it is not taken by then:
// a pipe holds less than a long command.
func (s *shim) write(block []byte, deadline time.Time) error {
	fd := int(s.launch.Fd())
	if err := unix.SetNonblock(fd, true); err != nil {
		return err
	}
	for len(block) > 0 {
		if err := pollBy(fd, unix.POLLOUT, deadline); err != nil {
			return err
		}
		n, err := unix.Write(fd, block)
		if err != nil && err != unix.EAGAIN && err != unix.EINTR {
			return os.NewSyscallError("write", err)
		}
		block = block[max(n, 0):]
	}
	return nil
}

// read takes the report. It ends with the shim at the latest: the write end of the
// pipe is in nobody else's hands.
func (s *shim) read(deadline time.Time) ([]byte, error) {
	var report []byte
	buf := make([]byte, 4<<10)
	for len(report) <= maxReport {
		if err := pollBy(int(s.report.Fd()), unix.POLLIN, deadline); err != nil {
			return nil, err
		}
		n, err := s.report.Read(buf)
		report = append(report, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return report, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read the supervisor's report: %w", err)
		}
	}
	return nil, errLate // it would go on for ever
}

// errLate says that a deadline has passed.
var errLate = errors.New("too late")

// pollBy waits until something can be done with a descriptor, or errLate.
func pollBy(fd int, events int16, deadline time.Time) error {
	set := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return errLate
		}
		switch n, err := unix.Poll(set, int((left+time.Millisecond-1)/time.Millisecond)); {
		case err != nil && err != unix.EINTR:
			return os.NewSyscallError("poll", err)
		case n > 0:
			return nil
		}
	}
}

// burial is how long a killed supervisor may take to end.
const burial = time.Second

// end kills a supervisor that does not answer, so that it keeps no lock. One that had
// begun is replaced like any other that was killed.
func (s *shim) end() {
	proc.EndWriters(s.report, s.first)
	deadline := time.Now().Add(burial)
	for buf := make([]byte, 4<<10); pollBy(int(s.report.Fd()), unix.POLLIN, deadline) == nil; {
		if n, err := s.report.Read(buf); n == 0 || err != nil {
			return
		}
	}
}

// shim is a supervisor that was executed and waits to be told what to do. Who
// has one must tell or abandon it.
type shim struct {
	first  int      // pid of a process to be reaped; 0 for none, see proc.SpawnOrphan
	report *os.File // read end
	launch *os.File // write end

	patience time.Duration // until it must have answered
}

// tell gives the shim its launch block and returns its report.
func (s *shim) tell(block []byte) (*record.Report, error) {
	fail.Pass("launch-block")
	deadline := time.Now().Add(s.patience)
	// A shim that is gone early breaks this pipe; its report then tells more.
	werr := s.write(block, deadline)
	s.launch.Close()
	fail.Pass("launch-report")
	report, err := s.listen(deadline)
	if errors.Is(err, record.ErrReport) && errors.Is(werr, unix.EPIPE) {
		// Not wrapped: to the caller a broken pipe means that its reader has gone.
		return nil, fmt.Errorf("the supervisor ended before it was told what to do: %v", werr)
	}
	return report, err
}

// abandon lets the shim end: without a launch block it does nothing. When it has
// ended, nobody but the caller holds the lock.
func (s *shim) abandon() {
	s.launch.Close()
	s.listen(time.Now().Add(s.patience))
}

// listen reads the report, and reaps who has ended by then or is about to. A shim that
// has not answered by the deadline is killed; the error is then a *silentError.
func (s *shim) listen(deadline time.Time) (*record.Report, error) {
	defer s.report.Close()
	text, err := s.read(deadline)
	if errors.Is(err, errLate) {
		s.end()
		fallSilent(time.Now())
		err = &silentError{s.patience}
	}
	var report *record.Report
	if err == nil {
		report, err = record.ParseReport(text)
	}
	if s.first != 0 {
		_ = proc.Await(s.first) // it was reaped by whoever gathers all children
	}
	return report, err
}
