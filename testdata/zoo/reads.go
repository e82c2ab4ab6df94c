package main

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// reads leads a session that has a terminal, and a child in the background of
// that terminal reads from it: the kernel stops it with TTIN.
func reads() {
	enlist(os.Getpid())
	switch role() {
	case "":
		terminal := newTerminal()
		os.Stdin = terminal
		again("leader", &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 0})
	case "leader":
		child := again("reader", &syscall.SysProcAttr{Setpgid: true})
		var status syscall.WaitStatus
		_, err := syscall.Wait4(child.Process.Pid, &status, syscall.WUNTRACED, nil)
		check(err)
		if !status.Stopped() || status.StopSignal() != syscall.SIGTTIN {
			check(fmt.Errorf("wait status of the reader = %#x, want stopped by TTIN", status))
		}
		ready()
	case "reader":
		os.Stdin.Read(make([]byte, 1))
	}
	stay()
}

// newTerminal makes a pseudo-terminal. Its master stays open, so that it is not
// hung up.
func newTerminal() *os.File {
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	check(err)
	check(unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	check(err)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	check(err)
	return slave
}
