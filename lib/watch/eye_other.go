//go:build !linux

package watch

import "bgtasks/lib/proc"

// eye is for systems with inotify(7).
type eye struct{}

func openEye() (*eye, error)                   { return nil, proc.ErrUnsupported }
func (*eye) add(string) (int32, error)         { return 0, proc.ErrUnsupported }
func (*eye) FD() int                           { return -1 }
func (*eye) Drain()                            {}
func (*eye) changed() (keys []int32, all bool) { return nil, false }
func (*eye) Close() error                      { return nil }
