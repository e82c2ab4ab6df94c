package launch

import (
	"os"
	"syscall"
)

// longestString is the most bytes of one argument or variable, without its NUL:
// MAX_ARG_STRLEN of execve(2).
func longestString() int { return 32*os.Getpagesize() - 1 }

// roomForStrings is the most that all of them may take: a quarter of the stack's limit,
// at least 128 KiB and at most 6 MiB (execve(2), bprm_stack_limits of the kernel).
func roomForStrings() int {
	var stack syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_STACK, &stack) != nil {
		return 0
	}
	return int(max(min(stack.Cur/4, 6<<20), 128<<10))
}
