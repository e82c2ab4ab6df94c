// Command bg-doctor checks the home and the system, and mends what can be mended
// without loss.
//
//	bg-doctor [--json] [--repair] [--stop-strays] [--take-over]
//
// It prints a line for each thing that it looked at and exits 1 if one of them
// is wrong. Without --repair it changes nothing, not even what every other
// command settles when it meets it.
package main

import (
	"fmt"

	"bgtasks/lib/cli"
	"bgtasks/lib/doctor"
	"bgtasks/lib/fault"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "doctor",
		Help:    "Check the home and the system: print a line for each check, and exit with 1 if one fails.",
		Flags:   &flags{},
		JSON:    cli.Plain(func(*cli.Call) (any, error) { return examine(false, false), nil }),
		Options: []string{cli.OptOutput},
	})
}

type flags struct {
	cli.Common
	Repair   bool `help:"Mend everything that can be mended without loss. No record is removed."`
	Stop     bool `name:"stop-strays" help:"End processes of tasks of this home whose directory was removed, with their whole trees."`
	TakeOver bool `help:"Make this host the owner of the home: tasks that were started on another host, or in a container that no longer exists, count as gone."`
}

// Run prints what was found.
func (f *flags) Run(c *cli.Call) error {
	if f.TakeOver {
		if err := doctor.TakeOver(); err != nil {
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
		if err := c.Print(fmt.Sprintf("%-6s  %-11s  %s", check.Word(), check.Name, fault.Printable(check.Line()))); err != nil {
			return err
		}
	}
	return nil
}

// doctorData is what JSON mode tells.
type doctorData struct {
	Status   string         `json:"status"` // ok, or failing if a check does
	Version  string         `json:"version"`
	Store    doctor.Storage `json:"store"`
	Checks   []doctor.Check `json:"checks"`
	Recovery recovery       `json:"recovery"`
}

type recovery struct {
	MissingStore string `json:"missing_store"`
	SchemaHelp   string `json:"schema_help"`
	Repair       string `json:"repair"`
}

// examine looks at everything.
func examine(repair, stop bool) *doctorData {
	d := &doctorData{Status: "ok", Version: cli.Version, Recovery: recovery{
		MissingStore: "Run start: it makes the state directory.",
		SchemaHelp:   "Run schema list, then schema show with one of the commands.",
		Repair:       "Run bg-doctor --repair: it mends what can be mended without loss.",
	}}
	d.Store, d.Checks = doctor.Examine(repair, stop)
	for _, check := range d.Checks {
		if !check.OK {
			d.Status = "failing"
		}
	}
	return d
}
