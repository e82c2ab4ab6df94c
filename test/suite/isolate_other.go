//go:build !linux

package suite

// isolateMounts is for the tests that mount file systems, on Linux only.
func isolateMounts() {}

// adoptOrphans is for the tests that kill supervisors, on Linux only.
func adoptOrphans() {}
