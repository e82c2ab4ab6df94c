//go:build darwin || freebsd

package proc

// ReleaseProgram does nothing here.
func ReleaseProgram() {}
