package proc

import (
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Only zombies are no live children: not what is stopped, nor what goes on without its first thread, nor an orphan that
// has just become ours.
func TestNoLiveChild(t *testing.T) {
	needSubreaper(t)
	for name, c := range map[string]struct {
		begin func(s *stage)
		want  bool
	}{
		"none":              {func(*stage) {}, true},
		"zombie":            {func(s *stage) { s.awaitEnd(s.spawn("exit", "0")) }, true},
		"live":              {func(s *stage) { s.spawn("sleeper", ""); s.reported() }, false},
		"zombie and orphan": {func(s *stage) { s.awaitEnd(s.spawn("forgetful", "")) }, false},
		"stopped": {func(s *stage) {
			pid := s.spawn("sleeper", "")
			if err := s.reported().Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			if err := unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED|unix.WNOWAIT, nil); err != nil {
				t.Fatal(err)
			}
		}, false},
		"of another thread": {func(s *stage) {
			forked, over := make(chan struct{}), make(chan struct{})
			s.t.Cleanup(func() { close(over) })
			go func() {
				defer close(forked)
				runtime.LockOSThread()
				s.spawn("sleeper", "")
				forked <- struct{}{}
				<-over // the child is that thread's as long as there is one
			}()
			<-forked
			s.reported()
		}, false},
		"first thread ended": {func(s *stage) { s.spawn("firstthread", ""); s.reported() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.begin(newStage(t))
			if got := noLiveChild(); got != c.want {
				t.Errorf("noLiveChild() = %v, want %v", got, c.want)
			}
		})
	}
}
