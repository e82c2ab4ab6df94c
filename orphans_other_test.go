//go:build !linux

package bgtasks_test

// adoptOrphans is for the scripts, which run on Linux only.
func adoptOrphans() {}
