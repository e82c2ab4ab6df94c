// Command bg-examples prints example payloads.
//
//	bg-examples [list]
//	bg-examples show VERB
//
// The text form of show is a line for the shell for each example.
package main

import (
	"strings"

	"bgtasks/lib/cli"
	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "examples",
		Help:    "Print example payloads: list the verbs that have some, or show those of one verb.",
		Flags:   &flags{},
		JSON:    cli.ListOrShow(list, show),
		Options: []string{cli.OptOutput},
	})
}

type flags struct {
	cli.Common
	cli.ListOrShowArgs
}

func list() any                     { return payload.ListExamples() }
func show(verb string) (any, error) { return payload.ShowExamples(verb) }

// Run lists the verbs or shows the examples of one.
func (f *flags) Run(c *cli.Call) error {
	if c.JSON {
		return cli.ListOrShow(list, show)(c, f.Words())
	}
	if err := f.Check(); err != nil {
		return err
	}
	if f.Action == "show" {
		return f.show(c)
	}
	for _, e := range payload.ListExamples().Commands {
		if err := c.Print(e.Command); err != nil {
			return err
		}
	}
	return nil
}

func (f *flags) show(c *cli.Call) error {
	d, err := payload.ShowExamples(f.Verb)
	if err != nil {
		return err
	}
	for _, e := range d.Examples {
		line := fault.CommandLine("bg-"+d.Command, []string{strings.TrimSpace(string(e.Input))})
		if err := c.Print("# " + e.Name + "\n" + line); err != nil {
			return err
		}
	}
	return nil
}
