//go:build darwin || freebsd

package proc

import "syscall"

// Exec executes a program in the place of this one, and returns if that fails.
func Exec(path string, argv, env []string) error { return syscall.Exec(path, argv, env) }

func withStartersSlack(fork func() error) error { return fork() }

// Slacken is for systems on which a program has a timer slack.
func Slacken([]byte) {}
