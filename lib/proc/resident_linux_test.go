package proc

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What can be read again from a file is given back, and the program goes on.
func TestReleaseProgram(t *testing.T) {
	before := residentFile(t)
	ReleaseProgram()
	if after := residentFile(t); after >= before {
		t.Errorf("%d kB of files are resident, want less than the %d before", after, before)
	}
}

// Nothing is given back that is not as it is in the file.
func TestEachFilePart(t *testing.T) {
	entry := func(line string, anonymous int) string {
		return line + "\nSize: 8 kB\nRss: 8 kB\nAnonymous:             " + strconv.Itoa(anonymous) + " kB\nVmFlags: rd ex \n"
	}
	smaps := entry("00400000-004d5000 r-xp 00000000 fe:00 1234    /bin/bg-shim", 0) +
		entry("004d5000-005d6000 r--p 000d5000 fe:00 1234    /bin/bg-shim", 0) +
		entry("005d6000-005d8000 r--p 001d6000 fe:00 1234    /bin/bg-shim", 4) + // relocated, then protected
		entry("005d8000-005e0000 rw-p 001d8000 fe:00 1234    /bin/bg-shim", 0) +
		entry("005e0000-00620000 rw-p 00000000 00:00 0 ", 0) +
		entry("7f00000-7f01000 r--s 00000000 fe:00 99        /dev/shm/x", 0) +
		entry("7ffd000-7ffe000 r-xp 00000000 00:00 0         [vdso]", 0) +
		"7fff000-8000000 r-xp 00000000 fe:00 1234    /bin/cut off"
	var got []string
	eachFilePart([]byte(smaps), func(start, end uintptr) { got = append(got, fmt.Sprintf("%x-%x", start, end)) })
	if want := []string{"400000-4d5000", "4d5000-5d6000"}; !slices.Equal(got, want) {
		t.Errorf("parts = %v, want %v", got, want)
	}
	eachFilePart([]byte("\n-\nx\n"), func(start, end uintptr) { t.Errorf("found %x-%x in garbage", start, end) })
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
