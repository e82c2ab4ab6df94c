//go:build !linux

package watch

// scarce is for systems where each process takes a descriptor.
func (f *follows) scarce(int) bool { return false }
