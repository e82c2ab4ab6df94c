package doctor

import (
	"fmt"
	"os"
	"path/filepath"

	"bgtasks/lib/heal"
	"bgtasks/lib/store"
)

// Storage says where things are. Each task's log is beside its records.
type Storage struct {
	Root           string `json:"root"`
	Exists         bool   `json:"exists"`
	Registry       string `json:"registry"`
	RegistryExists bool   `json:"registry_exists"`
	Logs           string `json:"logs"`
	LogsExists     bool   `json:"logs_exists"`
}

// Examine looks at the home, if there is one, and at the system. With repair it mends
// what can be, with stop it ends strays. These come first: what is mended may be their
// last trace.
func Examine(repair, stop bool) (Storage, []Check) {
	var lost []Check
	if root, err := store.Locate(os.Getenv); err == nil {
		lost = []Check{strays(root, stop)}
	}
	s, checks := inspect()
	if repair {
		s, checks = mend(s, checks)
	}
	return s, append(checks, lost...)
}

// TakeOver makes the home this host's, whoever's it was.
func TakeOver() error {
	root, err := store.Locate(os.Getenv)
	if err != nil {
		return err
	}
	h, err := store.OpenExisting(root)
	if err != nil {
		return fmt.Errorf("take over %s: %w", root, err)
	}
	return heal.TakeOver(h)
}

func inspect() (Storage, []Check) {
	root, err := store.Locate(os.Getenv)
	if err != nil {
		return Storage{}, append([]Check{wrong("home", err, "set BACKGROUND_TASKS_HOME")}, systemChecks()...)
	}
	tasks := store.At(root).TasksDir()
	there := isDir(tasks)
	s := Storage{Root: root, Exists: isDir(root), Registry: tasks, RegistryExists: there, Logs: filepath.Clean(tasks), LogsExists: there}
	return s, append(homeChecks(root), systemChecks()...)
}

// mend mends what can be, and looks again until nothing new can be: behind a
// home that could not be opened there may be more.
func mend(s Storage, checks []Check) (Storage, []Check) {
	tried := map[string]error{}
	for mendAll(checks, tried) {
		s, checks = inspect()
	}
	for i := range checks {
		c := &checks[i]
		err, was := tried[c.Name]
		c.Mended = was && c.OK
		if was && !c.OK && err != nil {
			c.Hint = "it could not be mended: " + err.Error()
		}
	}
	return s, checks
}

// mendAll tells whether it did anything.
func mendAll(checks []Check, tried map[string]error) (did bool) {
	for _, c := range checks {
		if _, was := tried[c.Name]; c.OK || c.mend == nil || was {
			continue
		}
		tried[c.Name] = c.mend()
		did = true
	}
	return did
}
