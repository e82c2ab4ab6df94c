//go:build !linux

package seglog

import "os"

// reserve does nothing: these systems have no reservation beyond the end of a
// file that is left alone by a truncation to a shorter size and by close.
func reserve(*os.File, int64, int64) {}
