package shim

import (
	"os"
	"path/filepath"

	"bgtasks/lib/fsys"
	"bgtasks/lib/store"
)

// homeward leads from the task's directory, which is the working directory, to the home.
const homeward = "../.."

// home is the home of the task. The journal, the markers and the queues of another
// one that comes to have its path are none of our business.
type home struct {
	*store.Home
	origin string     // its path when the run was started
	place  fsys.Place // what it is, wherever it is moved
}

// findHome remembers which directory the home is.
func findHome(origin string) (*home, error) {
	place, err := fsys.PlaceOf(homeward)
	if err != nil {
		return nil, err
	}
	if !place.Is(origin) {
		return nil, errNotOurs
	}
	return &home{store.At(homeward), origin, place}, nil
}

// inReach tells whether we can get at the home, and makes the next steps go there. It
// is found from the task's directory wherever both were moved, and by its path if the
// task's directory was moved out of it.
func (h *home) inReach() bool {
	for _, path := range []string{homeward, h.origin} {
		if h.place.Is(path) {
			h.Follow(path)
			return true
		}
	}
	return false
}

// address is the path of the home, for others; "" if it can't be told.
func (h *home) address() string {
	if h.place.Is(h.origin) {
		return h.origin
	}
	dir, err := os.Getwd()
	if path := filepath.Join(dir, homeward); err == nil && h.place.Is(path) {
		return path
	}
	return ""
}
