package launch

import (
	"fmt"
	"strings"
	"syscall"

	"bgtasks/lib/record"
)

// checkSize names the argument or variable that execve(2) would not take, whose error
// tells nothing but that something is too long. The error is *SpawnError.
func checkSize(s *record.Spec, env []string) error {
	if most := longestString(); most > 0 {
		if what, size := longest(s, env); size > most {
			return tooLong(s, fmt.Sprintf("%s has %d bytes, the system takes %d at most", what, size, most))
		}
	}
	if most := roomForStrings(); most > 0 && together(s, env) > most {
		return tooLong(s, tooMuch(s, env, most))
	}
	return nil
}

func tooLong(s *record.Spec, why string) error {
	return &SpawnError{Stage: record.StageExec, Command: s.Command, Errno: syscall.E2BIG,
		Cause: fmt.Errorf("cannot execute %q: %s", s.Command, why)}
}

// tooMuch tells what takes the most room.
func tooMuch(s *record.Spec, env []string, most int) string {
	what, size := longest(s, env)
	return fmt.Sprintf("its %d arguments and %d variables have %d bytes, the system takes %d together; %s has the most, %d",
		len(s.Args), len(env), together(s, env), most, what, size)
}

// longest is the longest of all arguments and variables, by what it is called, and its
// bytes without the closing NUL.
func longest(s *record.Spec, env []string) (what string, size int) {
	what, size = "the command", len(s.Command)
	for i, arg := range s.Args {
		if len(arg) > size {
			what, size = fmt.Sprintf("argument %d", i+1), len(arg)
		}
	}
	for _, kv := range env {
		if len(kv) > size {
			name, _, _ := strings.Cut(kv, "=")
			what, size = "the variable "+name, len(kv)
		}
	}
	return what, size
}

// together is the room that arguments and variables take for sure.
func together(s *record.Spec, env []string) int {
	const end = 1 + 8 // the closing NUL, and where the string is
	size := len(s.Command) + end
	for _, arg := range s.Args {
		size += len(arg) + end
	}
	for _, kv := range env {
		size += len(kv) + end
	}
	return size
}
