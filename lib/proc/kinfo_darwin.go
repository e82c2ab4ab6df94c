package proc

import (
	"bytes"

	"golang.org/x/sys/unix"
)

func readBootID() (string, error) {
	return unix.Sysctl("kern.bootsessionuuid")
}

// readStat asks sysctl(3), which gives nothing at all for a process that is not there.
func readStat(pid int) (Stat, error) {
	list, err := unix.SysctlKinfoProcSlice("kern.proc.pid", pid)
	if err != nil {
		return Stat{}, err
	}
	if len(list) == 0 {
		return Stat{}, ErrGone
	}
	return statOf(&list[0]), nil
}

func allStats() ([]Stat, error) {
	list, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	stats := make([]Stat, len(list))
	for i := range list {
		stats[i] = statOf(&list[i])
	}
	return stats, err
}

func statOf(k *unix.KinfoProc) Stat {
	name, _, _ := bytes.Cut(k.Proc.P_comm[:], []byte{0})
	pid := int(k.Proc.P_pid)
	sid, _ := unix.Getsid(pid)
	return Stat{
		PID:        pid,
		PPID:       int(k.Eproc.Ppid),
		PGID:       int(k.Eproc.Pgid),
		SID:        sid,
		State:      stateLetter(k.Proc.P_stat),
		StartTicks: uint64(k.Proc.P_starttime.Sec)*1e6 + uint64(k.Proc.P_starttime.Usec),
		ExitCode:   int(k.Proc.P_xstat),
		Comm:       string(name),
	}
}
