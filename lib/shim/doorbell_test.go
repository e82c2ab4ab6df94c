package shim

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"bgtasks/lib/record"
)

// A message that is cut by the end of the buffer comes whole the next time.
func TestMessagesComeWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ctl.fifo")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	var d doorbell
	if err := d.open(path); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(d.fd)
	long := strings.Repeat("x", record.MaxMessage-20)
	unix.Write(d.fd, []byte(long+"\n"))
	unix.Write(d.fd, []byte("cut by the end of the buffer\n"))
	d.wake()
	if got := d.messages(); !slices.Equal(got, []string{long}) {
		t.Errorf("messages = %q, want the long one", got)
	}
	if got := d.messages(); !slices.Equal(got, []string{"cut by the end of the buffer", ""}) {
		t.Errorf("messages = %q, want the one that was cut, and the wake-up", got)
	}
	if got := d.messages(); got != nil {
		t.Errorf("messages = %q, want none", got)
	}
}
