package shim

import (
	"os"
	"path/filepath"

	"bgtasks/lib/fsys"
	"bgtasks/lib/store"
)

// homeward leads from the task's directory, which is the working directory, to the home.
const homeward = "../.."

// settleIn remembers which directory the home is. The journal, the markers and the
// queues of another one that comes to have its path are none of our business.
func (s *Shim) settleIn() (err error) {
	if s.place, err = fsys.PlaceOf(homeward); err != nil {
		return err
	}
	if !s.place.Is(s.launch.Home) {
		return errNotOurs
	}
	s.home = store.At(homeward)
	s.turn = store.NewTurn(s.home, s.ownBell)
	s.events = s.turn.Journal()
	return nil
}

// atHome tells whether we can get at our home, and makes the next steps go there. It is
// found from the task's directory wherever both were moved, and by its path if the task's
// directory was moved out of it.
func (s *Shim) atHome() bool {
	for _, path := range []string{homeward, s.launch.Home} {
		if !s.place.Is(path) {
			continue
		}
		if path != s.home.Path() {
			s.home.Follow(path)
			s.leaveJournal()
		}
		return true
	}
	return false
}

// unmark removes the marker of the run, in our own home only.
func (s *Shim) unmark() {
	if s.atHome() {
		s.home.UnmarkLive(s.launch.ID)
	}
}

// address is the path of our home, for others; "" if it can't be told.
func (s *Shim) address() string {
	if s.place.Is(s.launch.Home) {
		return s.launch.Home
	}
	dir, err := os.Getwd()
	if home := filepath.Join(dir, homeward); err == nil && s.place.Is(home) {
		return home
	}
	return ""
}
