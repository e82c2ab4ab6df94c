//go:build !linux

package watch

import "bgtasks/lib/proc"

// openEye is for systems with inotify(7).
func openEye(string) (bell, error) { return nil, proc.ErrUnsupported }
