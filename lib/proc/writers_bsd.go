//go:build darwin || freebsd

package proc

import (
	"os"
	"syscall"
)

// EndWriters kills the group of a child that [SpawnOrphan] has left to us: nobody else gets that number before it is
// reaped. What it started is in that group, unless it is another tree.
func EndWriters(_ *os.File, first int) {
	if first > 1 {
		_ = syscall.Kill(-first, syscall.SIGKILL)
	}
}
