//go:build !linux

package proc

// DefaultIgnored keeps the children of this process from inheriting ignored signals. Here it is [CatchAll].
func DefaultIgnored() { CatchAll() }

// QuitSilently does nothing here: the runtime's own ways are kept.
func QuitSilently() (restore func()) { return func() {} }
