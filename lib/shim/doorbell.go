package shim

import (
	"strings"

	"golang.org/x/sys/unix"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// doorbell is where visitors leave their messages.
type doorbell struct {
	fd   int
	text [record.MaxMessage]byte
	held int // bytes of a message that is not whole yet
}

// open opens the doorbell for writing too, so that a visitor's close gives no
// end-of-file.
func (d *doorbell) open(path string) error {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err == nil {
		d.fd = fd
	}
	return err
}

// wake wakes the loop: a message that says nothing does that. If the doorbell takes no
// more, the loop is about to wake.
func (d *doorbell) wake() { unix.Write(d.fd, []byte("\n")) }

// mend listens at a doorbell of that name again.
func (d *doorbell) mend(path string) {
	if d.isAt(path) {
		return
	}
	old := d.fd
	if err := store.RenewFIFO(path, d.open); err == nil {
		unix.Close(old)
	}
}

func (d *doorbell) isAt(path string) bool {
	var ours, there unix.Stat_t
	return unix.Fstat(d.fd, &ours) == nil && unix.Lstat(path, &there) == nil && ours.Dev == there.Dev && ours.Ino == there.Ino
}

// messages are those that have come. Each came by one write(2) of less than PIPE_BUF
// bytes, so none is cut by another; one cut by the end of the buffer is kept for the
// next time.
func (d *doorbell) messages() (list []string) {
	n, err := unix.Read(d.fd, d.text[d.held:])
	if err != nil || n <= 0 {
		return nil
	}
	list = strings.Split(string(d.text[:d.held+n]), "\n")
	last := len(list) - 1
	if d.held = copy(d.text[:], list[last]); d.held == len(d.text) {
		d.held = 0 // no message is this long: not one of ours
	}
	return list[:last]
}
