package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// work is what this program does when it plays a task, or is on its way to become
// a peer's daemon. It returns the exit code.
//
//	write BYTES STAMP         writes so much, a mebibyte at a time
//	lines COUNT STAMP         writes so many short lines, 64 KiB at a time
//	pace RATE DURATION GATE   writes short lines, each by itself, so many a second
//	enter GROUP… -- PROGRAM ARGUMENT…   becomes the program within these control groups
func work(what string, args []string) int {
	roles := map[string]func(args []string) error{"write": workWrite, "lines": workLines, "pace": workPace, "enter": workEnter}
	role, ok := roles[what]
	if !ok || len(args) < 2 {
		fmt.Fprintln(os.Stderr, "bench work: unknown role or too few arguments")
		return 2
	}
	if err := role(args); err != nil {
		fmt.Fprintln(os.Stderr, "bench work:", err)
		return 1
	}
	return 0
}

// shortLine is what lines and pace write.
const shortLine = "a short line\n"

func workWrite(args []string) error {
	total, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	return stamped(args[1], func() error { return pour(bytes.Repeat([]byte{'x'}, 1<<20), total) })
}

func workLines(args []string) error {
	count, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	const together = 64 << 10 / len(shortLine)
	return stamped(args[1], func() error {
		return pour(bytes.Repeat([]byte(shortLine), together), count*len(shortLine))
	})
}

// pour writes the block again and again, total bytes in all.
func pour(block []byte, total int) error {
	for total > 0 {
		n, err := os.Stdout.Write(block[:min(len(block), total)])
		if err != nil {
			return err
		}
		total -= n
	}
	return nil
}

// stamped runs something and leaves its duration, in nanoseconds, in a file.
func stamped(path string, do func() error) error {
	began := time.Now()
	if err := do(); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(strconv.FormatInt(int64(time.Since(began)), 10)), 0o600)
}

// workPace writes lines for a while, each time that a line comes through the gate.
func workPace(args []string) error {
	if len(args) != 3 {
		return errors.New("pace: three arguments")
	}
	rate, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	length, err := time.ParseDuration(args[1])
	if err != nil {
		return err
	}
	gate, err := os.Open(args[2])
	if err != nil {
		return err
	}
	for calls := bufio.NewScanner(gate); calls.Scan(); {
		if err := pace(rate, length); err != nil {
			return err
		}
	}
	return nil
}

// pace writes so many lines a second, each by itself.
func pace(rate int, length time.Duration) error {
	beat := time.NewTicker(time.Second / time.Duration(rate))
	defer beat.Stop()
	for range int(float64(rate) * length.Seconds()) {
		<-beat.C
		if _, err := os.Stdout.WriteString(shortLine); err != nil {
			return err
		}
	}
	return nil
}

// workEnter moves this process into control groups and becomes another program.
func workEnter(args []string) error {
	end := slices.Index(args, "--")
	if end < 0 || end+1 == len(args) {
		return errors.New("enter: no program")
	}
	for _, group := range args[:end] {
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0o600); err != nil {
			return fmt.Errorf("enter a control group: %w", err)
		}
	}
	program, err := exec.LookPath(args[end+1])
	if err != nil {
		return err
	}
	return syscall.Exec(program, args[end+1:], os.Environ())
}
