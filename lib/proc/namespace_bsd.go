//go:build darwin || freebsd

package proc

// namespaces are unknown: these systems have none.
func namespaces() (pid, clock uint64) { return 0, 0 }
