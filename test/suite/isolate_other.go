//go:build !linux

package bgtasks_test

// isolateMounts is for the tests that mount file systems, on Linux only.
func isolateMounts() {}
