// Command bg-doctor tells whether the suite can work here.
//
//	bg-doctor [--json]
//
// It prints a line for each thing that it looked at and exits 1 if one of them
// is wrong. It creates nothing.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"bgtasks/lib/cli"
	"bgtasks/lib/store"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "doctor",
		Help:    "Tell whether the suite can work here: a line for each thing, exit 1 if one is wrong. Creates nothing.",
		Flags:   &flags{},
		JSON:    cli.Plain(func(*cli.Call) (any, error) { return examine(), nil }),
		Options: []string{cli.OptOutput},
	})
}

type flags struct{ cli.Common }

// Run prints what was found.
func (*flags) Run(c *cli.Call) error {
	d := examine()
	if c.JSON {
		return c.Succeed(d)
	}
	for _, check := range d.Checks {
		word := "ok"
		if !check.OK {
			word = "WRONG"
			c.RaiseCode(cli.CodeNo)
		}
		if err := c.Print(fmt.Sprintf("%-5s  %-11s  %s", word, check.Name, cli.Printable(check.Detail))); err != nil {
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
}

type check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

func examine() *doctorData {
	d := &doctorData{Status: "ok", Version: cli.Version, Recovery: recovery{
		MissingStore: "Run start: it makes the state directory.",
		SchemaHelp:   "Run schema list, then schema show with one of the commands.",
	}}
	d.Store, d.Checks = inspect()
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
		return storage{}, append([]check{{"home", false, err.Error()}}, systemChecks()...)
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
