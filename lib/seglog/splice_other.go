//go:build !linux

package seglog

import "syscall"

func spliceTo(file, fd int, offset int64, max int) (int, error) { return 0, syscall.ENOSYS }
