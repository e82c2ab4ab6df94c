package shim

import "golang.org/x/sys/unix"

// ioctlReadable asks a pipe how many bytes it holds (ioctl_pipe(2), pipe(7)).
const ioctlReadable = unix.TIOCINQ // the same number as FIONREAD
