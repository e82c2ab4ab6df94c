// Command slot is a task of which only so many may run at once: it takes one of
// the locks DIR/0 to DIR/N-1, holds it for so long, and complains if there is none.
//
//	slot DIR N DURATION
//
// A lock is free again when its holder is gone, however that came about
// (flock(2)), so that a task too many is told from one that was killed.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

func main() {
	dir := os.Args[1]
	n, err1 := strconv.Atoi(os.Args[2])
	hold, err2 := time.ParseDuration(os.Args[3])
	if err1 != nil || err2 != nil {
		os.Exit(2)
	}
	id := os.Getenv("BG_TASK_ID")
	for i := range n {
		f, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(i)), os.O_RDWR|os.O_CREATE, 0o600)
		if err == nil && syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			note(dir, "ran", id)
			time.Sleep(hold) // it is the task's work
			return
		}
	}
	note(dir, "overflow", id)
	os.Exit(9)
}

// note adds a line to a file in one write.
func note(dir, name, id string) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err == nil {
		fmt.Fprintf(f, "%s %s\n", id, os.Getenv("BG_RUN"))
	}
}
