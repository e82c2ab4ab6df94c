//go:build !linux

package proc

import "time"

// Age is not known here: the start is of the wall clock.
func Age(Identity) (time.Duration, error) { return 0, wrap("age of a process", ErrUnsupported) }
