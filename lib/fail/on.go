//go:build failpoint

package fail

import (
	"os"
	"strings"
	"syscall"
	"time"
)

// Point stands before a step that can fail. It gives the error that the step
// is to fail with, nil to go on.
func Point(name string) error {
	fault, armed := armedPoints[name]
	if !armed {
		return nil
	}
	note(name)
	return fault.strike(name)
}

// Pass stands before a step that has no error to give: it can only be cut
// short, or late.
func Pass(name string) { _ = Point(name) }

// Environ gives the variables that arm a child process as this one is, for one
// that gets an environment of its own. That may be of someone who was armed, so
// those of a process that is not say so.
func Environ() []string {
	return []string{Variable + "=" + os.Getenv(Variable), LogVariable + "=" + os.Getenv(LogVariable)}
}

// fault is what happens at a point.
type fault struct {
	kill  bool
	errno syscall.Errno
	delay time.Duration
}

func (f fault) strike(name string) error {
	if f.kill {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal may take a moment to reach this thread
	}
	time.Sleep(f.delay)
	if f.errno != 0 {
		return &injected{name, f.errno}
	}
	return nil
}

// injected is the error of a step that was made to fail.
type injected struct {
	point string
	errno syscall.Errno
}

func (e *injected) Error() string { return "failpoint " + e.point + ": " + e.errno.Error() }
func (e *injected) Unwrap() error { return e.errno }

var armedPoints = arm(os.Getenv(Variable))

// arm reads the variable. A word that it does not know would make a test pass
// that tested nothing, so it ends the process.
func arm(list string) map[string]fault {
	points := map[string]fault{}
	for word := range strings.SplitSeq(list, ",") {
		if word == "" {
			continue
		}
		name, kind, _ := strings.Cut(word, "=")
		f, known := parse(kind)
		if !known {
			panic(Variable + ": no fault " + kind)
		}
		points[name] = f
	}
	return points
}

func parse(kind string) (fault, bool) {
	switch kind {
	case "kill9":
		return fault{kill: true}, true
	case "enospc":
		return fault{errno: syscall.ENOSPC}, true
	case "eio":
		return fault{errno: syscall.EIO}, true
	}
	late, isDelay := strings.CutPrefix(kind, "delay:")
	d, err := time.ParseDuration(late)
	return fault{delay: d}, isDelay && err == nil
}

// note lets a test see that a point was come by. One write to a file opened for
// appending is whole (write(2)).
func note(name string) {
	path := os.Getenv(LogVariable)
	if path == "" {
		return
	}
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_APPEND|syscall.O_CREAT|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return
	}
	defer syscall.Close(fd)
	syscall.Write(fd, []byte(name+"\n"))
}
