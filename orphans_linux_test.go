package bgtasks_test

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// adoptOrphans makes this process the one that gets what a killed supervisor
// leaves behind (prctl(2), Linux 3.4). So a test decides when a dead leader is
// reaped, not whatever is pid 1 here.
func adoptOrphans() {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, "become child subreaper:", err)
		os.Exit(1)
	}
}
