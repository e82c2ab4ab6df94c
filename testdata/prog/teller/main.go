// Teller is a task of the crash storm. It prints numbered lines that prove
// themselves by a checksum, and keeps account of what it wrote in a file of its
// own, so that a test knows what must be in the log.
//
//	teller LEDGER MODE LINES SIZE CODE [WRITER]
//
// A line is "ID RUN WRITER NUMBER FILL CHECKSUM"; the last one's fill is "end".
// Once that was printed a polite teller waits for a word in the FIFO
// LEDGER/ID.RUN.word before it ends. The modes:
//
//	polite    ends with CODE; on TERM it prints its last line and ends with 7
//	eager     polite, without waiting for the word
//	dies      polite, but dies of signal CODE
//	forks     polite, with two children that print too, one in another session
//	leaves    polite, and leaves a stubborn child in another session behind
//	child     prints, and ends with 0
//	stubborn  ignores TERM, and having printed stays for ever
//
// If LEDGER/calm exists, it prints one line and ends with 0 in every mode.
package main

import (
	"log"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// orders are the arguments.
type orders struct {
	ledger, mode, writer string
	lines, size, code    int
}

func main() {
	o := parse(os.Args[1:])
	stop := make(chan os.Signal, 1)
	if o.mode == "stubborn" {
		signal.Ignore(syscall.SIGTERM)
	} else {
		signal.Notify(stop, syscall.SIGTERM)
	}
	a := open(&o)
	if _, err := os.Stat(filepath.Join(o.ledger, "calm")); err == nil {
		a.print(1, 0)
		a.end(0)
	}
	word := a.word(o.waits())
	kids := o.fork(stop)
	stopped := o.print(a, stop)
	for _, kid := range kids {
		kid.Wait()
	}
	if o.mode == "stubborn" {
		stay()
	}
	a.last()
	if word != nil {
		word.Read(make([]byte, 8))
	}
	o.end(a, stopped)
}

func parse(args []string) orders {
	o := orders{ledger: args[0], mode: args[1], writer: "0"}
	for i, into := range []*int{&o.lines, &o.size, &o.code} {
		n, err := strconv.Atoi(args[2+i])
		check(err)
		*into = n
	}
	if len(args) > 5 {
		o.writer = args[5]
	}
	return o
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// waits tells whether this teller ends only after a word.
func (o *orders) waits() bool { return strings.Contains("polite dies forks leaves", o.mode) }

// fork starts what the mode asks for, and gives those to be waited for.
func (o *orders) fork(stop chan os.Signal) (kids []*exec.Cmd) {
	switch o.mode {
	case "forks":
		return []*exec.Cmd{o.child("child", "1", false), o.child("child", "2", true)}
	case "leaves":
		o.child("stubborn", "1", true)
	}
	return nil
}

func (o *orders) child(mode, writer string, session bool) *exec.Cmd {
	lines, size := strconv.Itoa(o.lines), strconv.Itoa(min(o.size, 1000))
	kid := exec.Command(os.Args[0], o.ledger, mode, lines, size, "0", writer)
	kid.Stdout, kid.Stderr = os.Stdout, os.Stderr
	kid.SysProcAttr = &syscall.SysProcAttr{Setsid: session}
	check(kid.Start())
	return kid
}

// print prints the lines until TERM. A teller that shares the pipe, or may be
// killed, writes one line at a time, of less than PIPE_BUF bytes: each is whole
// or absent (pipe(7)). The pauses only stretch its life.
func (o *orders) print(a *account, stop chan os.Signal) (stopped bool) {
	batch := 1
	if o.mode == "polite" || o.mode == "dies" || o.mode == "eager" {
		batch = 16
	}
	for done := 0; done < o.lines; done += batch {
		select {
		case <-stop:
			return true
		default:
		}
		a.print(batch, o.size)
		if a.lines%(4*uint64(batch)) == 0 {
			time.Sleep(time.Duration(a.lines%5) * time.Millisecond)
		}
	}
	return false
}

// end ends the process as its mode says.
func (o *orders) end(a *account, stopped bool) {
	switch {
	case stopped && o.mode != "child":
		a.end(7)
	case o.mode == "dies":
		a.note(1000 + uint64(o.code))
		signal.Reset(syscall.Signal(o.code)) // a TERM that comes now must not be quicker
		check(syscall.Kill(os.Getpid(), syscall.Signal(o.code)))
		stay()
	}
	a.end(o.code)
}

// stay waits to be killed.
func stay() {
	for {
		time.Sleep(time.Hour)
	}
}
