package cli

import (
	"encoding"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"bgtasks/lib/fault"
)

// checkRawText refuses the value of a flag that is no UTF-8, where the parser would put
// other characters in the place of its bytes: in lists with commas, and in values that
// are read by their types. What follows the flags is not looked at.
func checkRawText(flags []*kong.Flag, args []string) error {
	for i := 0; i < len(args) && len(args[i]) > 1 && args[i][0] == '-' && args[i] != "--"; i++ {
		name, value, glued := strings.Cut(args[i], "=")
		f := flagNamed(flags, name)
		if f == nil || f.IsBool() {
			continue
		}
		if len(name) > 2 && name[1] != '-' {
			value, glued = args[i][2:], true
		}
		if !glued && i+1 < len(args) {
			i++
			value = args[i]
		}
		if !utf8.ValidString(value) && !keepsBytes(f) {
			return fault.Usage("--%s: expected a string of UTF-8", f.Name)
		}
	}
	return nil
}

// flagNamed finds the flag of "--name", "-n" or "-nVALUE".
func flagNamed(flags []*kong.Flag, word string) *kong.Flag {
	for _, f := range flags {
		if word == "--"+f.Name || word[1] != '-' && f.Short == rune(word[1]) {
			return f
		}
	}
	return nil
}

// keepsBytes tells whether the parser takes a flag's value as it is.
func keepsBytes(f *kong.Flag) bool {
	if _, typed := f.Target.Addr().Interface().(encoding.TextUnmarshaler); typed {
		return false
	}
	switch f.Target.Kind() {
	case reflect.String:
		return true
	case reflect.Slice:
		return f.Target.Type().Elem().Kind() == reflect.String && f.Tag.Sep == -1
	}
	return false
}
