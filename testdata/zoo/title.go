package main

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// title makes a daemon of itself that shows a title of its own: it is written
// over the arguments and, as mail and web servers do it, over the environment
// behind them.
func title() {
	switch role() {
	case "":
		again("middle", &syscall.SysProcAttr{Setsid: true})
		return
	case "middle":
		again("daemon", nil)
		return
	}
	enlist(os.Getpid())
	overwrite("zoo: idle")
	ready()
	stay()
}

// overwrite fills the area of arguments and environment, which
// proc_pid_stat(5) tells in fields 48 to 51.
func overwrite(text string) {
	stat, err := os.ReadFile("/proc/self/stat")
	check(err)
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')'):])
	at := func(field int) int64 {
		n, err := strconv.ParseInt(string(fields[field-2]), 10, 64)
		check(err)
		return n
	}
	area := make([]byte, at(51)-at(48))
	copy(area, text)
	memory, err := os.OpenFile("/proc/self/mem", os.O_WRONLY, 0)
	check(err)
	_, err = memory.WriteAt(area, at(48))
	check(err)
	check(memory.Close())
}
