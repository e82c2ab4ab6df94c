//go:build !linux

package proc

// Inherited tells nothing here: what a child inherits can't be set in time.
func Inherited() string { return "" }

// Inheriting is spawn.
func Inheriting(_ string, spawn func() (pid int, err error)) (pid int, err error) { return spawn() }
