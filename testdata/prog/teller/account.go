package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// account is what a teller has printed. Its file LEDGER/ID.RUN.WRITER holds
// four numbers: pid, lines, bytes, and how it is about to end: 1 + its code, or
// 1000 + its signal. They are written after each write to stdout, by a single
// write of their own, so a killed teller may have printed one write more.
type account struct {
	name  string // LEDGER/ID.RUN
	stamp string // what begins each line
	file  *os.File
	lines uint64
	bytes uint64
}

// open begins an account. That it exists already means that one run was
// executed twice, which is a fault of the suite: LEDGER/twice.… tells.
func open(o *orders) *account {
	id, run := os.Getenv("BG_TASK_ID"), os.Getenv("BG_RUN")
	name := filepath.Join(o.ledger, id+"."+run)
	f, err := os.OpenFile(name+"."+o.writer, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if os.IsExist(err) {
		os.WriteFile(filepath.Join(o.ledger, "twice."+id+"."+run), nil, 0o600)
	}
	check(err)
	a := &account{name: name, stamp: fmt.Sprintf("%s %s %s", id, run, o.writer), file: f}
	a.note(0)
	if o.writer == "0" {
		a.write("\n") // ends what a killed teller of an earlier run left unfinished
	}
	return a
}

// word makes the FIFO for the word, and opens it before anybody can be asked
// for one.
func (a *account) word(wanted bool) *os.File {
	if !wanted {
		return nil
	}
	path := a.name + ".word"
	check(syscall.Mkfifo(path, 0o600))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	check(err)
	return f
}

// print writes some lines at once. Their lengths vary with their numbers.
func (a *account) print(lines, size int) {
	var text strings.Builder
	for range lines {
		a.lines++
		fill := int(a.lines*7919) % (size + 1)
		text.WriteString(a.line(strings.Repeat(string(rune('a'+a.lines%26)), fill)))
	}
	a.write(text.String())
}

func (a *account) last() {
	a.lines++
	a.write(a.line("end"))
}

func (a *account) line(fill string) string {
	text := fmt.Sprintf("%s %d %s", a.stamp, a.lines, fill)
	return fmt.Sprintf("%s %08x\n", text, crc32.ChecksumIEEE([]byte(text)))
}

func (a *account) write(text string) {
	n, err := os.Stdout.WriteString(text)
	a.bytes += uint64(n)
	a.note(0)
	check(err)
}

func (a *account) note(end uint64) {
	var b []byte
	for _, n := range []uint64{uint64(os.Getpid()), a.lines, a.bytes, end} {
		b = binary.LittleEndian.AppendUint64(b, n)
	}
	_, err := a.file.WriteAt(b, 0)
	check(err)
}

func (a *account) end(code int) {
	a.note(1 + uint64(code))
	os.Exit(code)
}
