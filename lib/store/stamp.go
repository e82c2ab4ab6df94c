package store

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
)

const stampFile = "clear.stamp"

// clearEvery is how often finished tasks are looked through by themselves.
const clearEvery = time.Hour

// stamp is the file whose time of modification says when finished tasks were
// last looked through for those that may go.
func (h *Home) stamp() string { return filepath.Join(h.path, stampFile) }

// ClearDue tells whether it is time to look through them. In a home where nobody
// has yet, the hour begins now. A stamp of the future says that the clock was set
// back, and counts as old.
func (h *Home) ClearDue(now time.Time) bool {
	var st unix.Stat_t
	switch err := unix.Lstat(h.stamp(), &st); {
	case errors.Is(err, unix.ENOENT):
		if lock, err := h.TryLockStamp(); err == nil {
			lock.Unlock()
		}
		return false
	case err != nil:
		return false
	}
	age := now.Sub(time.Unix(st.Mtim.Unix()))
	return age >= clearEvery || age < 0
}

// TryLockStamp takes the lock of whoever looks through them, without waiting,
// and makes the file if it is missing. The error is ErrLocked when another does. The
// file lies in the home itself, which may be a link: the user's own.
func (h *Home) TryLockStamp() (*Lock, error) {
	f, err := fsys.Open(h.stamp(), os.O_RDWR|os.O_CREATE, 0o600)
	return lockOn(f, err, tryLock)
}

// Stamp says that they were looked through now, or so long before the next time.
// The caller holds the lock.
func (h *Home) Stamp(next time.Duration) error {
	at := unix.NsecToTimeval(time.Now().Add(next - clearEvery).UnixNano())
	return unix.Utimes(h.stamp(), []unix.Timeval{at, at})
}
