// Zoo is the trees of this folder that a shell can't grow. README.md says what
// each of them is.
//
//	zoo forks|shifts|reaps|reads|title|zombies
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

var animals = map[string]func(){
	"forks":   func() { forks(false) },
	"shifts":  func() { forks(true) },
	"reaps":   reaps,
	"reads":   reads,
	"title":   title,
	"zombies": zombies,
}

func main() {
	log.SetFlags(0)
	if len(os.Args) < 2 || animals[os.Args[1]] == nil {
		log.Fatal("usage: zoo ANIMAL")
	}
	signal.Ignore(syscall.SIGTERM)
	animals[os.Args[1]]()
}

// again starts this program once more, as the same animal in its next role.
func again(role string, attr *syscall.SysProcAttr) *exec.Cmd {
	cmd := exec.Command(os.Args[0], os.Args[1], role)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = os.Stdin, os.Stdout, os.Stderr, attr
	check(cmd.Start())
	return cmd
}

// role is what the caller of again wants of this process, "" at first.
func role() string {
	if len(os.Args) > 2 {
		return os.Args[2]
	}
	return ""
}

// enlist lets the test know of a process.
func enlist(pid int) {
	f, err := os.OpenFile(filepath.Join(os.Getenv("ZOO"), "pids"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	check(err)
	_, err = fmt.Fprintln(f, pid)
	check(err)
	check(f.Close())
}

// ready tells the test that all members are there.
func ready() {
	f, err := os.OpenFile(filepath.Join(os.Getenv("ZOO"), "ready"), os.O_WRONLY, 0)
	check(err)
	_, err = fmt.Fprintln(f, "up")
	check(err)
	check(f.Close())
}

func stay() {
	for {
		time.Sleep(time.Hour)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
