// Command bg-doctor tells whether the suite can work here, and mends what can
// be mended without loss.
//
//	bg-doctor [--json] [--repair] [--stop-strays] [--take-over]
//
// It prints a line for each thing that it looked at and exits 1 if one of them
// is wrong. Without --repair it changes nothing, not even what every other
// command settles when it meets it.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"bgtasks/lib/cli"
	"bgtasks/lib/fault"
	"bgtasks/lib/store"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "doctor",
		Help:    "Tell whether the suite can work here: a line for each thing, exit 1 if one is wrong.",
		Flags:   &flags{},
		JSON:    cli.Plain(func(*cli.Call) (any, error) { return examine(false, false), nil }),
		Options: []string{cli.OptOutput},
	})
}

type flags struct {
	cli.Common
	Repair   bool `help:"Mend what can be mended without loss. No record is removed."`
	Stop     bool `name:"stop-strays" help:"End the processes of tasks of this home that somebody has removed, whole trees."`
	TakeOver bool `help:"Make the home this host's: what was started on another one, or in a container that is no more, counts as gone."`
}

// Run prints what was found.
func (f *flags) Run(c *cli.Call) error {
	if f.TakeOver {
		if err := takeOver(); err != nil {
			return err
		}
	}
	d := examine(f.Repair, f.Stop)
	if c.JSON {
		return c.Succeed(d)
	}
	for _, check := range d.Checks {
		if !check.OK {
			c.RaiseCode(fault.CodeNo)
		}
		if err := c.Print(fmt.Sprintf("%-6s  %-11s  %s", check.word(), check.Name, fault.Printable(check.line()))); err != nil {
			return err
		}
	}
	return nil
}

// doctorData is what JSON mode tells.
type doctorData struct {
	Status   string   `json:"status"` // ok, or failing if a check does
	Version  string   `json:"version"`
	Store    storage  `json:"store"`
	Checks   []check  `json:"checks"`
	Recovery recovery `json:"recovery"`
}

// storage says where things are. Each task's log is beside its records.
type storage struct {
	Root           string `json:"root"`
	Exists         bool   `json:"exists"`
	Registry       string `json:"registry"`
	RegistryExists bool   `json:"registry_exists"`
	Logs           string `json:"logs"`
	LogsExists     bool   `json:"logs_exists"`
}

type recovery struct {
	MissingStore string `json:"missing_store"`
	SchemaHelp   string `json:"schema_help"`
	Repair       string `json:"repair"`
}

// examine looks at everything. Strays are looked at, and ended, before anything is mended:
// what is mended may be their last trace.
func examine(repair, stop bool) *doctorData {
	d := &doctorData{Status: "ok", Version: cli.Version, Recovery: recovery{
		MissingStore: "Run start: it makes the state directory.",
		SchemaHelp:   "Run schema list, then schema show with one of the commands.",
		Repair:       "Run bg-doctor --repair: it mends what can be mended without loss.",
	}}
	var lost []check
	if root, err := store.Locate(os.Getenv); err == nil {
		lost = []check{strays(root, stop)}
	}
	d.Store, d.Checks = inspect()
	if repair {
		d.Store, d.Checks = mend(d.Store, d.Checks)
	}
	d.Checks = append(d.Checks, lost...)
	for _, check := range d.Checks {
		if !check.OK {
			d.Status = "failing"
		}
	}
	return d
}

func inspect() (storage, []check) {
	root, err := store.Locate(os.Getenv)
	if err != nil {
		return storage{}, append([]check{wrong("home", err, "set BACKGROUND_TASKS_HOME")}, systemChecks()...)
	}
	tasks := store.At(root).TasksDir()
	there := isDir(tasks)
	s := storage{Root: root, Exists: isDir(root), Registry: tasks, RegistryExists: there, Logs: filepath.Clean(tasks), LogsExists: there}
	return s, append(homeChecks(root), systemChecks()...)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
