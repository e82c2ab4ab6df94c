//go:build !failpoint

package fail

// Point stands before a step that can fail. It gives the error that the step
// is to fail with, nil to go on.
func Point(string) error { return nil }

// Pass stands before a step that has no error to give: it can only be cut
// short, or late.
func Pass(string) {}

// Environ gives the variables that arm a child process as this one is, for one
// that gets an environment of its own.
func Environ() []string { return nil }
