package cli

import (
	"bytes"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// versionFlag prints the version and ends the verb. It is kong's own under a
// name that grammars outside this package can embed.
type versionFlag = kong.VersionFlag

// shown ends kong's parsing after --help or --version have printed.
type shown struct{}

// runText parses the flags and runs the verb with them.
func (v *Verb) runText(c *Call, args []string) error {
	c.JSON = wantsJSON(args)
	ended, err := v.parse(args, c.Out, c.Err)
	if ended || err != nil {
		return err
	}
	c.JSON = v.Flags.common().JSON
	return v.Flags.Run(c)
}

// wantsJSON tells how to report a fault of a command line that can't be
// parsed: as an envelope if --json stands among its flags.
func wantsJSON(args []string) bool {
	for _, a := range args {
		if a == "--" || a == "--json" {
			return a == "--json"
		}
	}
	return false
}

// parse fills v.Flags. ended tells that --help or --version has printed what
// was asked for and there is nothing left to do.
func (v *Verb) parse(args []string, out, errs io.Writer) (ended bool, err error) {
	k, err := kong.New(v.Flags,
		kong.Name("bg-"+v.Name),
		kong.Description(v.Help),
		kong.KindMapper(reflect.String, kong.MapperFunc(verbatim)),
		kong.Vars{"version": "bg-" + v.Name + " " + Version, "formats": FormatHelp},
		kong.Writers(out, errs),
		kong.Exit(func(int) { panic(shown{}) }),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, WrapUpperBound: 100}),
	)
	if err != nil {
		return false, err
	}
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(shown); !ok {
				panic(r)
			}
			ended, err = true, nil
		}
	}()
	if _, err := k.Parse(args); err != nil {
		f := Usage("%s", lowerFirst(err.Error()))
		f.Hint = "see bg-" + v.Name + " --help"
		f.Details = []Detail{{"hint", f.Hint}}
		return false, f
	}
	return false, nil
}

// verbatim takes a word as it is. Kong's own mapper sends it through JSON, which
// replaces what is no UTF-8: a file name in an older encoding, for one.
func verbatim(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("string")
	if err != nil {
		return err
	}
	target.SetString(token.String())
	return nil
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// helpText is what --help prints in text mode.
func (v *Verb) helpText() (string, error) {
	var b bytes.Buffer
	_, err := v.parse([]string{"--help"}, &b, os.Stderr)
	return b.String(), err
}

// CommandWords gives a passed-through command line without the "--" that may
// stand before it. A second one is the command's own.
func CommandWords(words []string) []string {
	if len(words) > 0 && words[0] == "--" {
		return slices.Clip(words[1:])
	}
	return words
}
