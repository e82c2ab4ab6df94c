package shim

import (
	"golang.org/x/sys/unix"

	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// execute starts the leader, where it can in a cgroup of its own: whatever its
// tree does then, it can be killed in one step. A failure for the cgroup's sake
// is not to be told from any other, so then it is tried without.
func (s *Shim) execute(spec proc.SpawnSpec) (pid int, err error) {
	group, err := proc.NewCgroup(s.groupName(), record.IsCgroupName)
	if err != nil {
		return proc.Spawn(spec)
	}
	spec.Cgroup = group
	if pid, err = proc.Spawn(spec); err == nil {
		s.enclose(group)
		return pid, nil
	}
	group.Remove()
	spec.Cgroup = nil
	return proc.Spawn(spec)
}

// rejoin finds the cgroup of an adopted tree again; one of another name than the run's is
// none of ours, whatever its record says. The verb that started us may run in that of
// another task, which we must not share.
func (s *Shim) rejoin(path string) {
	proc.LeaveCgroup(record.IsCgroupName)
	if path == "" {
		return
	}
	if group, err := proc.OpenCgroup(path, s.groupName()); err == nil {
		s.enclose(group)
	}
}

func (s *Shim) enclose(group *proc.Cgroup) {
	s.tree.group = group
	s.tree.Forest = proc.InCgroup(s.tree.Forest, group, s.amongForeign)
	s.record.Containment, s.record.Cgroup = byCgroup, group.Path()
}

func (s *Shim) groupName() string {
	return record.CgroupName(s.launch.ID, s.launch.RunToken, s.launch.Home)
}

// dyingMs is how long at most a process that is seen to have ended keeps its
// cgroup: the kernel takes it out a moment later.
const dyingMs = 200

// dissolve removes the cgroup when nobody of the tree is left. One that still holds a process of
// another task stays, for bg-doctor to find.
func (t *tree) dissolve() {
	if t.group == nil {
		return
	}
	if t.group.Populated() {
		unix.Poll([]unix.PollFd{{Fd: int32(t.group.Events()), Events: unix.POLLPRI}}, dyingMs)
	}
	t.group.Remove()
	t.group = nil
	if held, ok := t.Forest.(*proc.Grouped); ok {
		t.Forest = held.Forest
	}
}
