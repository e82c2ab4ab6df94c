//go:build !linux

package proc

// DefaultIgnored keeps the children of this process from inheriting ignored signals. Here it is [CatchAll].
func DefaultIgnored() { CatchAll() }
