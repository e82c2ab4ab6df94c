package proc

import "syscall"

// vfork is vfork(2): the child has this process's memory, and the thread stands still until the child has executed a
// program or ended. To copy the memory of a small Go program instead, as fork does, takes as long as to execute another.
//
//go:noescape
func vfork() (pid uintptr, errno syscall.Errno)
