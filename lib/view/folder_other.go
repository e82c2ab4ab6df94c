//go:build !linux

package view

import "syscall"

// folder is of Linux; see there.
type folder struct{}

func openFolder(string) *folder { return nil }

func (*folder) open(_, _ string) (int, error) { return -1, syscall.ENOSYS }

func (*folder) read(int, []byte) (int, error) { return 0, syscall.ENOSYS }

func (*folder) closeFile(int) {}

func (*folder) close() {}
