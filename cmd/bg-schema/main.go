// Command bg-schema prints the JSON Schemas of the verbs' payloads.
//
//	bg-schema [list]
//	bg-schema show VERB
//
// They are made from the types that decode the payloads. The text form of show
// is the schema alone, ready for a validator.
package main

import (
	"bgtasks/lib/cli"
	"bgtasks/lib/payload"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "schema",
		Help:    "Print the JSON Schemas of the verbs' payloads: list them, or show the schema of one verb.",
		Flags:   &flags{},
		JSON:    cli.ListOrShow(list, show),
		Options: []string{cli.OptOutput},
	})
}

type flags struct {
	cli.Common
	cli.ListOrShowArgs
}

func list() any                     { return payload.ListSchemas() }
func show(verb string) (any, error) { return payload.ShowSchema(verb) }

// Run lists the schemas or shows one.
func (f *flags) Run(c *cli.Call) error {
	if c.JSON {
		return cli.ListOrShow(list, show)(c, f.Words())
	}
	if err := f.Check(); err != nil {
		return err
	}
	if f.Action == "show" {
		d, err := payload.ShowSchema(f.Verb)
		if err != nil {
			return err
		}
		return c.Indented(d.Schema)
	}
	for _, s := range payload.ListSchemas().Schemas {
		if err := c.Print(s.Command + "\t" + s.SchemaID + "\t" + s.Description); err != nil {
			return err
		}
	}
	return nil
}
