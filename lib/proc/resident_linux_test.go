package proc

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Only what can be read again from a file is given back, and the program goes on.
func TestReleaseProgram(t *testing.T) {
	before := residentFile(t)
	ReleaseProgram()
	if after := residentFile(t); after >= before {
		t.Errorf("%d kB of files are resident, want less than the %d before", after, before)
	}
	for line, want := range map[string]bool{
		"00400000-004d5000 r-xp 00000000 fe:00 1234                       /usr/bin/bg-shim\n": true,
		"004d5000-005d6000 r--p 000d5000 fe:00 1234                       /usr/bin/bg-shim\n": true,
		"005d6000-005e0000 rw-p 001d6000 fe:00 1234                       /usr/bin/bg-shim\n": false,
		"005e0000-00620000 rw-p 00000000 00:00 0 \n":                                          false,
		"7ffd000-7ffe000 r-xp 00000000 00:00 0                          [vdso]\n":             false,
		"7f00000-7f01000 r--s 00000000 fe:00 99                         /dev/shm/x\n":         false,
		"":  false,
		"x": false,
	} {
		start, end, ok := filePart([]byte(line))
		if ok != want || ok && (start != 0x400000 || end != 0x4d5000) && (start != 0x4d5000 || end != 0x5d6000) {
			t.Errorf("filePart(%q) = %#x, %#x, %t, want %t", line, start, end, ok, want)
		}
	}
}

// residentFile reads RssFile from /proc/self/status, in kB.
func residentFile(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("RssFile:"))
	line, _, _ := strings.Cut(string(rest), " kB")
	kB, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Skipf("the kernel tells no RssFile: %v", err)
	}
	return kB
}
