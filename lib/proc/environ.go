package proc

import (
	"strings"
)

// ReadEnviron returns the values that the named variables had in the environment the process was executed with; what
// the process changed since is not seen. A variable it did not have is absent from the map. It works for processes of
// our own user on Linux (proc_pid_environ(5)).
//
// The error wraps [ErrGone] if the identity does not hold before and after the reading, [ErrUnsupported] on other
// systems.
func ReadEnviron(id Identity, names []string) (map[string]string, error) {
	values, err := readValues(id, names)
	return values, wrapPID("read environment of process", id.PID, err)
}

func readValues(id Identity, names []string) (map[string]string, error) {
	if err := id.confirm(); err != nil {
		return nil, err
	}
	block, err := readEnviron(id.PID)
	if err != nil {
		return nil, err
	}
	if err := id.confirm(); err != nil {
		return nil, err
	}
	return pick(string(block), names), nil
}

// Executable returns the path of the file that the process runs (proc_pid_exe(5), Linux), or "" if that is not known.
func Executable(id Identity) string {
	path, err := executable(id.PID)
	if err != nil || id.confirm() != nil {
		return ""
	}
	return path
}

// pick takes the first of several values, as getenv(3) does.
func pick(block string, names []string) map[string]string {
	values := make(map[string]string)
	for entry := range strings.SplitSeq(block, "\x00") {
		name, value, _ := strings.Cut(entry, "=")
		if _, have := values[name]; have {
			continue
		}
		for _, want := range names {
			if name == want {
				values[strings.Clone(name)] = strings.Clone(value)
			}
		}
	}
	return values
}
