//go:build !linux

package shim

// ioctlReadable is FIONREAD of the BSDs' <sys/filio.h>: _IOR('f', 127, int).
const ioctlReadable = 0x4004667f
