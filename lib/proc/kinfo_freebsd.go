package proc

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"golang.org/x/sys/unix"
)

// readBootID takes the random id that kernels from about 13.2 on give each boot. Before that there is only the time of
// the boot, which moves when the clock is set; then identities made before no longer hold, which is the safe side.
func readBootID() (string, error) {
	if b, err := unix.SysctlRaw("kern.boot_id"); err == nil && len(b) > 0 {
		return hexString(b), nil
	}
	tv, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(int64(tv.Sec), 10), nil
}

func hexString(b []byte) string {
	const digits = "0123456789abcdef"
	s := make([]byte, 0, 2*len(b))
	for _, c := range b {
		s = append(s, digits[c>>4], digits[c&15])
	}
	return string(s)
}

// Where the fields of struct kinfo_proc (sys/user.h) are on 64-bit machines, and its size, which the kernel puts into
// its first field.
const (
	kinfoSize  = 1088
	kinfoPID   = 72
	kinfoPPID  = 76
	kinfoPGID  = 80
	kinfoSID   = 88
	kinfoXstat = 304
	kinfoStart = 336
	kinfoState = 388
	kinfoComm  = 447
	kinfoCommN = 20
)

func readStat(pid int) (Stat, error) {
	list, err := kinfo("kern.proc.pid", pid)
	if err == unix.ESRCH || err == nil && len(list) == 0 {
		return Stat{}, ErrGone
	}
	if err != nil {
		return Stat{}, err
	}
	return list[0], nil
}

// allStats leaves threads out: kern.proc.proc has an entry a process.
func allStats() ([]Stat, error) {
	for {
		list, err := kinfo("kern.proc.proc")
		if err != unix.ENOMEM { // more processes than a moment ago
			return list, err
		}
	}
}

func kinfo(name string, args ...int) ([]Stat, error) {
	b, err := unix.SysctlRaw(name, args...)
	if err != nil || len(b) == 0 {
		return nil, err
	}
	if len(b)%kinfoSize != 0 || binary.NativeEndian.Uint32(b) != kinfoSize {
		return nil, wrap("kinfo_proc of unknown size", ErrUnsupported)
	}
	boot, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return nil, err
	}
	var list []Stat
	for ; len(b) > 0; b = b[kinfoSize:] {
		list = append(list, statOf(b[:kinfoSize], boot))
	}
	return list, nil
}

// statOf counts the start from the boot, because the kernel adds the time of the boot as it believes it now, and so a
// set clock would change the start time of every process.
func statOf(b []byte, boot *unix.Timeval) Stat {
	field := func(at int) int { return int(int32(binary.NativeEndian.Uint32(b[at:]))) }
	sec := int64(binary.NativeEndian.Uint64(b[kinfoStart:])) - int64(boot.Sec)
	usec := int64(binary.NativeEndian.Uint64(b[kinfoStart+8:])) - int64(boot.Usec)
	name, _, _ := bytes.Cut(b[kinfoComm:kinfoComm+kinfoCommN], []byte{0})
	return Stat{
		PID:        field(kinfoPID),
		PPID:       field(kinfoPPID),
		PGID:       field(kinfoPGID),
		SID:        field(kinfoSID),
		State:      stateLetter(int8(b[kinfoState])),
		StartTicks: uint64(sec*1e6 + usec),
		ExitCode:   int(binary.NativeEndian.Uint16(b[kinfoXstat:])),
		Comm:       string(name),
	}
}
