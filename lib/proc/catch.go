package proc

import (
	"bgtasks/lib/fsys"
	"errors"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// CatchAll makes this process survive HUP, INT, QUIT, TERM, TSTP, TTIN, TTOU and CONT: they are caught and dropped
// until stop is called.
//
// Catching differs from ignoring in what a child gets. An ignored signal stays ignored across execve(2), so a task
// would inherit what nohup or a background shell set for us. A caught one has its default action in the child, even
// if it was ignored when this process started. CONT is among them only because its disposition is inherited too.
//
// The first use of os/signal starts three threads and takes most of a millisecond; see [DefaultIgnored] for a start that
// cannot wait for that.
func CatchAll() (stop func()) {
	// Nobody receives: the first one fills the channel, and os/signal drops what does not fit.
	dropped := make(chan os.Signal, 1)
	signal.Notify(dropped, syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM,
		syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU, syscall.SIGCONT)
	return func() { signal.Stop(dropped) }
}

// A ChildNotifier makes the end of children something to poll for. It is made before there are children, because that
// can fail, and started when there is time: what ended before is found by looking.
type ChildNotifier struct {
	// FD becomes readable when SIGCHLD or Nudge comes. It is non-blocking and close-on-exec. Signals are merged, so empty
	// it with [DrainPipe] first and then look at all children.
	FD     int
	write  int
	nudged atomic.Bool
}

// Nudge is the signal that asks a supervisor to look whether its files are still there. Its default action is none, so
// it harms neither one that does not listen yet nor a stranger.
const Nudge = syscall.SIGWINCH

// NewChildNotifier makes a notifier that is not started yet.
func NewChildNotifier() (*ChildNotifier, error) {
	p, err := fsys.RawPipe()
	if err == nil {
		err = errors.Join(unix.SetNonblock(p[0], true), unix.SetNonblock(p[1], true)) // which open descriptors don't refuse
	}
	if err != nil {
		return nil, wrap("make pipe for child signals", err)
	}
	return &ChildNotifier{FD: p[0], write: p[1]}, nil
}

// Start begins the notification. stop ends it for good and closes the descriptor.
func (n *ChildNotifier) Start() (stop func()) {
	deaths := make(chan os.Signal, 2) // one of each
	done := make(chan struct{})
	signal.Notify(deaths, syscall.SIGCHLD, Nudge)
	go func() {
		defer close(done)
		for sig := range deaths {
			if sig == Nudge {
				n.nudged.Store(true)
			}
			// A full pipe is readable already.
			unix.Write(n.write, []byte{0})
		}
	}()
	return func() {
		signal.Stop(deaths)
		close(deaths)
		<-done
		unix.Close(n.write)
		unix.Close(n.FD)
	}
}

// Nudged tells whether a Nudge has come since it was last asked.
func (n *ChildNotifier) Nudged() bool { return n.nudged.Swap(false) }

// DrainPipe reads a non-blocking descriptor until nothing is left in it.
func DrainPipe(fd int) {
	var buf [512]byte
	for {
		n, err := unix.Read(fd, buf[:])
		if n <= 0 && err != unix.EINTR {
			return
		}
	}
}
