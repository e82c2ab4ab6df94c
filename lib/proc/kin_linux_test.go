package proc

import (
	"os"
	"syscall"
	"testing"
)

// memberOf is a process as a listing has it.
func (s *stage) memberOf(pid int) Member {
	s.t.Helper()
	st, err := ReadStat(pid)
	if err != nil {
		s.t.Fatalf("ReadStat(%d) = %v", pid, err)
	}
	return member(s.identify(pid).BootID, st)
}

func (s *stage) wantKilled(id Identity) {
	s.t.Helper()
	fd, err := ExitFD(id)
	if isGone(err) {
		return
	}
	if err != nil {
		s.t.Fatalf("ExitFD(%v) = %v", id, err)
	}
	defer syscall.Close(fd)
	if !pollFor(fd) {
		s.t.Errorf("process %d was not killed", id.PID)
	}
}

// The group of one that was seen ends with all that are in it, seen or not.
func TestKinGroup(t *testing.T) {
	s := newStage(t)
	leader := s.shell("sh -c 'echo $$; cat <&3; :' & read -r go <&3; :")
	unseen := s.reported()
	k := KinOf(s.identify(leader), nil, nil)
	k.killGroup(s.memberOf(leader))
	s.wantKilled(unseen)
	s.wantKilled(k.leader)
}

// Groups of other sessions are left alone, and our own.
func TestKinLeavesOtherSessionsAlone(t *testing.T) {
	s := newStage(t)
	s.spawn("sleeper", "")
	other := s.reported()
	leader := s.shell("echo $$; cat <&3; :")
	s.reported()
	k := KinOf(s.identify(leader), nil, nil)
	k.killGroup(s.memberOf(other.PID))
	wantPresence(t, other, Alive)

	self := s.memberOf(os.Getpid())
	KinOf(Identity{PID: self.SID}, nil, nil).killGroup(self)
}

// What has no memory has no environment, and is not gone: a thread of the kernel must not make a look void.
func TestMarkedOfWhatHasNoMemory(t *testing.T) {
	all, err := allProcesses()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range all {
		if s.PPID == 2 && !s.Ended() {
			mine, _, err := marked(s.PID, []string{"A=B"})
			if now, gone := ReadStat(s.PID); gone == nil && !now.Ended() && (mine || err != nil) {
				t.Errorf("marked(%d %s) = %t, %v, want false and no error", s.PID, s.Comm, mine, err)
			}
		}
	}
}
