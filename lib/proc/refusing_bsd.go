//go:build darwin || freebsd

package proc

func realUser(int) (uid int, ok bool) { return 0, false }
