package heal

import (
	"errors"
	"io"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// maxDrain is the most that a pipe can hold for an ordinary user (pipe(7),
// /proc/sys/fs/pipe-max-size). What a dead supervisor left unread is within it;
// a survivor of the tree that prints on and on must not hold the healer.
const maxDrain = 1 << 20

// outputs are the FIFOs of a run whose supervisor was killed, held open by a
// healer. The system discards what is in a pipe when its last holder ends, so a
// healer that has found one held keeps it until a new supervisor has it open, or
// until it is empty.
type outputs struct {
	fds  []int     // reading ends; -1 where nobody had the FIFO open
	use  view.FIFO // of out.fifo, before this process opened it
	lost bool      // nobody had one of them open: what it held is gone
}

// holdOutputs opens the FIFOs of a run with or without separate streams.
func holdOutputs(dir string, split bool) *outputs {
	fd, use := holdFIFO(filepath.Join(dir, store.OutFIFO))
	o := &outputs{fds: []int{fd}, use: use, lost: fd < 0}
	if split {
		fd, _ := holdFIFO(filepath.Join(dir, store.ErrFIFO))
		o.fds, o.lost = append(o.fds, fd), o.lost || fd < 0
	}
	return o
}

// release closes what is open.
func (o *outputs) release() {
	for i, fd := range o.fds {
		if fd >= 0 {
			syscall.Close(fd)
			o.fds[i] = -1
		}
	}
}

// holdFIFO opens a FIFO for reading if a process has it open. It is opened for
// writing first, which succeeds only beside a reader: from that moment on it has
// a holder, whoever ends.
func holdFIFO(path string) (fd int, use view.FIFO) {
	w, use := view.OpenHeld(path)
	if w < 0 {
		return -1, use
	}
	defer syscall.Close(w)
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return -1, use
	}
	return fd, use
}

// drain moves what the pipe fd holds to the log that open gives, without waiting for
// more, by the same way as a supervisor (P6). open is called if there is something.
// ended tells that nobody but this process has the pipe open any more.
func drain(fd int, open func() (*seglog.Writer, error)) (ended bool, err error) {
	if full, ended := peek(fd); !full {
		return ended, nil
	}
	log, err := open()
	if err != nil {
		return false, err
	}
	buf := make([]byte, 64<<10)
	for moved := 0; moved < maxDrain && err == nil; {
		var n int
		n, err = log.Pump(fd, buf)
		moved += n
	}
	if ended = errors.Is(err, io.EOF); ended || errors.Is(err, syscall.EAGAIN) {
		err = nil
	}
	return ended, errors.Join(err, log.Sync(), log.Close())
}

// peek tells whether a pipe holds something; if not, whether nobody has it open for
// writing. It was opened while somebody had, so that poll(2) tells the latter.
func peek(fd int) (full, ended bool) {
	set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if n, err := unix.Poll(set, 0); err != nil || n == 0 {
		return false, false
	}
	full = set[0].Revents&unix.POLLIN != 0
	return full, !full && set[0].Revents&unix.POLLHUP != 0
}

// drain moves what the FIFOs hold into the logs. It is done as well as it can be:
// that a log can't be written must not keep the end from being recorded.
func (r healer) drain(s *patient, out *outputs) {
	for i, stem := range []string{store.OutputStem, store.ErrorsStem}[:len(out.fds)] {
		fail.Pass("heal-drain")
		if out.fds[i] < 0 {
			continue
		}
		ended, _ := drain(out.fds[i], func() (*seglog.Writer, error) { return r.openLog(s, stem) })
		if !ended {
			continue
		}
		if syscall.Close(out.fds[i]); i == 0 {
			s.Output = view.FIFOIdle
		}
		out.fds[i] = -1
	}
}

func (r healer) openLog(s *patient, stem string) (*seglog.Writer, error) {
	return seglog.Open(seglog.Options{
		Dir: r.Home.TaskDir(s.ID), Stem: stem, Max: s.Spec.LogMax, Now: time.Now, Replace: store.Replace,
	})
}

// settleLogs makes the logs say what they lack: what a power failure took, or
// somebody who removed a file while there was no supervisor. A log without a time
// index lacks nothing.
func (r healer) settleLogs(s *patient) {
	for _, stem := range []string{store.OutputStem, store.ErrorsStem} {
		if !fsys.Exists(filepath.Join(r.Home.TaskDir(s.ID), stem+".idx")) {
			continue
		}
		if log, err := r.openLog(s, stem); err == nil {
			log.Close()
		}
	}
}

// logEnd is where a log ends now; 0 if it can't be read.
func logEnd(dir, stem string) int64 {
	log, err := seglog.OpenReader(dir, stem)
	if err != nil {
		return 0
	}
	defer log.Close()
	end, _ := log.End()
	return end
}
