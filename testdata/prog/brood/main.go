// Brood is a moving target: it starts itself again in a new session and ends,
// LIVES times, deaf to TERM. One out of 32 stays alive. It writes a line to
// FILE when half of its lives are gone.
//
//	brood LIVES FILE
package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	signal.Ignore(syscall.SIGTERM)
	left, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	all := total(left)
	if left > 0 {
		next(left-1, all)
	}
	if left == all/2 {
		tell(os.Args[2])
	}
	if left%32 == 0 {
		linger()
	}
}

// total is the number of lives that the first of the brood was given.
func total(left int) int {
	if all, err := strconv.Atoi(os.Getenv("BROOD")); err == nil {
		return all
	}
	return left
}

func next(left, all int) {
	cmd := exec.Command(os.Args[0], strconv.Itoa(left), os.Args[2])
	cmd.Env = append(os.Environ(), fmt.Sprintf("BROOD=%d", all))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
}

func tell(path string) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(f, "half")
	f.Close()
}

func linger() {
	for {
		time.Sleep(time.Hour)
	}
}
