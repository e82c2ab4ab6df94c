//go:build !linux

package store

import "golang.org/x/sys/unix"

// networkFS asks for MNT_LOCAL, which the BSDs set on every local file system.
func networkFS(path string) (kind string, remote bool) {
	var fs unix.Statfs_t
	if unix.Statfs(path, &fs) != nil || uint64(fs.Flags)&unix.MNT_LOCAL != 0 {
		return "", false
	}
	return unix.ByteSliceToString(fs.Fstypename[:]), true
}
