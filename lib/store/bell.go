package store

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

// BellKind says which changes a waiter waits for.
type BellKind string

// The kinds of bells.
const (
	BellChange BellKind = "change" // the task's record, or the journal, changed
	BellLog    BellKind = "log"    // the task's log grew
)

// Bell is the FIFO of one waiter. A process that makes a change writes a byte to it. A
// bell costs no inotify instance, and no wake-up while nothing changes (P9).
type Bell struct {
	path string
	fd   int
}

// NewBell creates a bell in dir. The first bell creates dir, because most tasks are
// never waited for. The FIFO is opened before it gets its visible name, so a visible
// bell that no process has open belonged to a dead waiter. It is open for writing too,
// so that the close of a ringing process causes no end-of-file.
func NewBell(dir string, kind BellKind) (*Bell, error) {
	if err := bellsDir(dir); err != nil {
		return nil, err
	}
	return hang(dir, bellName(kind))
}

// bellsDir makes dir if need be, but not through a link in the place of the directory
// that it is in.
func bellsDir(dir string) error {
	if err := CheckDir(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return CheckDir(dir)
}

func bellName(kind BellKind) string {
	return string(kind) + "-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatUint(rand.Uint64(), 36)
}

func hang(dir, name string) (*Bell, error) {
	hidden, path := filepath.Join(dir, "."+name), filepath.Join(dir, name)
	if err := unix.Mkfifo(hidden, 0o600); err != nil {
		return nil, &fs.PathError{Op: "mkfifo", Path: hidden, Err: err}
	}
	fd, err := unix.Open(hidden, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(&fs.PathError{Op: "open", Path: hidden, Err: err}, os.Remove(hidden))
	}
	if err := fsys.Rename(hidden, path); err != nil {
		return nil, errors.Join(err, unix.Close(fd), os.Remove(hidden))
	}
	return &Bell{path, fd}, nil
}

// FD is readable once the bell was rung.
func (b *Bell) FD() int { return b.fd }

// Drain silences a rung bell. Look for changes after Drain, not before, so that a ring
// in between is not lost.
func (b *Bell) Drain() {
	var buf [512]byte
	for {
		if n, err := unix.Read(b.fd, buf[:]); n < len(buf) || err != nil {
			return
		}
	}
}

// Close removes the bell. A bell that was removed with its task is no error.
func (b *Bell) Close() error { return errors.Join(unix.Close(b.fd), removeIfThere(b.path)) }

// Ring wakes every waiter with a bell of this kind in dir, and removes the bells of dead
// waiters. It has one bell open at a time, because there may be more bells than
// descriptors.
func Ring(dir string, kind BellKind) {
	eachBell(dir, kind, func(r Rope) bool {
		r.Pull()
		r.Close()
		return true
	})
}

// GiveBack releases the run.lock of the task in taskDir, held by a process other than
// its supervisor, and wakes the processes that wait for the lock. The lock is free
// afterwards even if a process that is being forked has inherited it. A waiter that takes
// the lock must not call this without a change: it would wake itself.
func GiveBack(taskDir string, held *Lock) error {
	err := errors.Join(unlock(held.f), held.Unlock())
	Ring(filepath.Join(taskDir, BellsDir), BellChange)
	return err
}

// maxOpenBells is how many bells are kept open, well below any limit.
const maxOpenBells = 32

// Rope is an opened bell of another process.
type Rope struct {
	fd   int
	word string // what is written
}

// Pull rings the bell. It reports whether the waiter still exists.
func (r Rope) Pull() (heard bool) { return strike(r.fd, r.word) }

// Close closes the bell.
func (r Rope) Close() { unix.Close(r.fd) }

// OpenBells opens the bells of this kind in dir for writing, for a process that rings
// often. The caller closes them. If there are more than a few, not all are opened: then
// all is false, and the caller must use Ring.
func OpenBells(dir string, kind BellKind) (ropes []Rope, all bool) {
	all = true
	eachBell(dir, kind, func(r Rope) bool {
		if all = len(ropes) < maxOpenBells; all {
			ropes = append(ropes, r)
		} else {
			r.Close()
		}
		return all
	})
	return ropes, all
}

// eachBell opens the bells one after the other, until visit says no.
func eachBell(dir string, kind BellKind, visit func(Rope) bool) {
	names, err := fsys.Names(dir)
	if err != nil {
		return
	}
	for _, name := range names {
		if !strings.HasPrefix(name, string(kind)+"-") {
			continue
		}
		path := filepath.Join(dir, name)
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		switch {
		case err == nil && !visit(Rope{fd, wordOf(name)}):
			return
		case errors.Is(err, unix.ENXIO):
			os.Remove(path)
		}
	}
}

// anyWord is what a bell is rung with that only one task has.
const anyWord = "!"

// wordOf is what the bell of this name is rung with: its number, if it hangs at many
// tasks and has one at each, so that its owner knows which it was.
func wordOf(name string) string {
	if _, number, shared := strings.Cut(name, "."); shared {
		return number + "\n"
	}
	return anyWord
}

// Strike writes to an opened bell of one task. It reports whether the waiter still
// exists; a full bell has been rung already.
func Strike(fd int) (heard bool) { return strike(fd, anyWord) }

func strike(fd int, word string) (heard bool) {
	_, err := unix.Write(fd, []byte(word))
	return !errors.Is(err, unix.EPIPE)
}

// ErrNoShim says that no shim listens at a task's doorbell.
var ErrNoShim = errors.New("no supervisor listens")

// AskToStop sends a stop to the supervisor of the task in taskDir; number is the number
// of its signal. If no supervisor listens, because it is still starting or was killed,
// the stop is written to stop.json, where the next supervisor looks once it listens. The
// file names the first requester. heard reports whether a supervisor received the stop.
func AskToStop(taskDir string, stop *record.Stop, number int) (heard bool, err error) {
	message := stop.AppendMessage(nil, number)
	err = Knock(taskDir, message)
	if !errors.Is(err, ErrNoShim) {
		return err == nil, err
	}
	path := filepath.Join(taskDir, StopFile)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := Replace(path, append(specific(stop).AppendJSON(nil), '\n')); err != nil {
			return false, err
		}
	}
	// One that began to listen before the file was there may have looked for it in vain.
	err = Knock(taskDir, message)
	if errors.Is(err, ErrNoShim) {
		return false, nil
	}
	return err == nil, err
}

// specific gives a stop that leaves its terms to the supervisor the default ones: the
// next may know no others.
func specific(stop *record.Stop) *record.Stop {
	s := *stop
	if s.Signal == "" {
		s.Signal = record.DefaultSignal
	}
	if s.GraceMs < 0 {
		s.GraceMs = record.DefaultGrace.Milliseconds()
	}
	return &s
}

// Knock writes one message to the doorbell of the task in taskDir.
func Knock(taskDir string, message []byte) error {
	if err := fail.Point("doorbell-knock"); err != nil {
		return err
	}
	fd, err := unix.Open(filepath.Join(taskDir, CtlFIFO), unix.O_WRONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENOENT) {
		return ErrNoShim
	}
	if err != nil {
		return &fs.PathError{Op: "open", Path: filepath.Join(taskDir, CtlFIFO), Err: err}
	}
	_, err = unix.Write(fd, message)
	if errors.Is(err, unix.EPIPE) {
		err = ErrNoShim
	}
	return errors.Join(err, unix.Close(fd))
}
