package payload

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"bgtasks/lib/fault"
	"bgtasks/lib/record"
)

// List gives the variables as K=V, in the order of their names.
func (e Environment) List() []string {
	list := make([]string, 0, len(e))
	for name, value := range e {
		list = append(list, name+"="+value)
	}
	slices.Sort(list)
	return list
}

// Names gives the names of the variables in order.
func (e Environment) Names() []string {
	names := make([]string, 0, len(e))
	for name := range e {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Overlay gives an environment with set in the place of its own variables of
// the same names.
func Overlay(environ []string, set Environment) []string {
	kept := slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		_, replaced := set[name]
		return replaced
	})
	return append(kept, set.List()...)
}

// ParseEnv reads settings K=V, as -e takes them. K alone takes the value that
// lookup knows, and is left out if it knows none. Values appear in no error.
func ParseEnv(settings []string, lookup func(string) (string, bool)) (Environment, error) {
	env := Environment{}
	for _, s := range settings {
		if err := env.add(s, lookup); err != nil {
			return nil, fault.Usage("--env: %v", err)
		}
	}
	return env, nil
}

func (e Environment) add(setting string, lookup func(string) (string, bool)) error {
	name, value, given := strings.Cut(setting, "=")
	if name == "" && given {
		return errors.New("expected NAME=VALUE or NAME, got no name before \"=\"")
	}
	if !validVariable(name) || strings.ContainsAny(name, " \t") {
		return fmt.Errorf("expected NAME=VALUE or NAME, got %q", name)
	}
	if record.IsMark(name) {
		return fmt.Errorf("expected another variable than %s: %s", name, whyMark)
	}
	if !given {
		if value, given = lookup(name); !given {
			return nil
		}
	}
	if strings.Contains(value, "\x00") {
		return fmt.Errorf("expected a value without NUL for %s", name)
	}
	e[name] = value
	return nil
}

// ReadEnvFile adds the settings of a file: one NAME=VALUE or NAME a line, taken
// as it is, without quotes or expansion. Empty lines and lines that begin with
// "#" are passed over.
func (e Environment) ReadEnvFile(path string, lookup func(string) (string, bool)) error {
	data, err := fault.ReadFile(path, fault.MaxEnvFile)
	if err != nil {
		return fault.Usage("--env-file: %v", err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if err := e.add(line, lookup); err != nil {
			return fault.Usage("--env-file: %s line %d: %v", path, n, err)
		}
	}
	return nil
}
