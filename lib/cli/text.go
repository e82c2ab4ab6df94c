package cli

import (
	"errors"
	"io"
	"reflect"
	"slices"

	"github.com/alecthomas/kong"

	"bgtasks/lib/fault"
	"bgtasks/lib/show"
)

// versionFlag prints the version and ends the verb. It is kong's own under a
// name that grammars outside this package can embed.
type versionFlag = kong.VersionFlag

// shown ends kong's parsing after --help or --version have printed.
type shown struct{}

// runText parses the flags and runs the verb with them.
func (v *Verb) runText(c *Call, args []string) error {
	if w, ok := v.Flags.(Wordy); ok && w.Words(args) {
		return v.Flags.Run(c)
	}
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
		kong.Description(v.Help+v.more()),
		kong.KindMapper(reflect.String, kong.MapperFunc(verbatim)),
		kong.Vars{"version": "bg-" + v.Name + " " + Version, "formats": show.FormatHelp},
		kong.Writers(out, errs),
		kong.Exit(func(int) { panic(shown{}) }),
		kong.ConfigureHelp(kong.HelpOptions{NoExpandSubcommands: true, WrapUpperBound: 100}),
	)
	if err != nil {
		return false, err
	}
	v.wordHelp(k.Model)
	if err := checkRawText(k.Model.Flags, args); err != nil {
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
	parsed, err := k.Parse(args)
	if err == nil {
		err = emptyLists(parsed)
	}
	if err != nil {
		f := fault.Usage("%s", plainWords(err.Error()))
		f.Hint = "see bg-" + v.Name + " --help"
		f.Details = []fault.Detail{fault.With("hint", f.Hint)}
		return false, f
	}
	return false, nil
}

// emptyLists refuses a flag for a list that was given without an element: the
// parser drops it, and would let it select or mark nothing.
func emptyLists(parsed *kong.Context) error {
	given := map[*kong.Flag]int{}
	for _, p := range parsed.Path {
		if f := p.Flag; f != nil && f.Target.Kind() == reflect.Slice {
			given[f]++
			if f.Target.Type().Elem().Kind() == reflect.String && f.Target.Len() < given[f] {
				return errors.New("--" + f.Name + ": expected a value, got an empty one")
			}
		}
	}
	return nil
}

// verbatim takes a word as it is, but none that is empty after a flag: an
// unset variable there would select or name something else than was meant.
// Kong's own mapper sends it through JSON, which
// replaces what is no UTF-8: a file name in an older encoding, for one.
func verbatim(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("string")
	if err != nil {
		return err
	}
	if token.String() == "" && ctx.Value.Flag != nil {
		return errors.New("expected a value, got an empty one")
	}
	target.SetString(token.String())
	return nil
}

// CommandWords gives a passed-through command line without the "--" that may
// stand before it. A second one is the command's own.
func CommandWords(words []string) []string {
	if len(words) > 0 && words[0] == "--" {
		return slices.Clip(words[1:])
	}
	return words
}
