package main

import (
	"strconv"
	"syscall"
)

// generations bounds the fork loops: one or two seconds, more under load. A
// supervisor that has adopted such a tree runs after it until then: without a
// cgroup nothing stops what is gone before it can be signalled.
const generations = 600

// forks starts itself again and ends. One in 32 stays, and so does the last.
// With moving, each is in a process group of its own.
func forks(moving bool) {
	generation, _ := strconv.Atoi(role())
	if generation < generations {
		again(strconv.Itoa(generation+1), &syscall.SysProcAttr{Setpgid: moving})
	}
	if generation == 64 {
		ready()
	}
	if generation%32 == 0 || generation == generations {
		stay()
	}
}
