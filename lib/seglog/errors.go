package seglog

import (
	"errors"
	"strconv"
)

// ErrClosed is returned by the methods of a [Writer] after Close.
var ErrClosed = errors.New("log is closed")

// ErrUnreadable says that a file of a log does not hold what this package
// writes into it.
var ErrUnreadable = errors.New("unreadable")

// GapError says that the bytes at an offset are not stored.
type GapError struct{ Gap Gap }

func (e *GapError) Error() string {
	return "bytes " + offset(e.Gap.Start) + " to " + offset(e.Gap.End) + " are not stored: " + e.Gap.Why
}

// TooOldError says that the journal no longer holds the line at a cursor.
type TooOldError struct {
	Cursor int64
	Oldest int64 // the first offset that the journal still holds
}

func (e *TooOldError) Error() string {
	return "cursor " + offset(e.Cursor) + " is older than the journal, which begins at " + offset(e.Oldest)
}

// BadCursorError says that a cursor is not one of this journal: it is past the end, or
// not at the start of a line.
type BadCursorError struct{ Cursor int64 }

func (e *BadCursorError) Error() string {
	return "cursor " + offset(e.Cursor) + " is not a position of this journal"
}

func offset(n int64) string { return strconv.FormatInt(n, 10) }

// opError adds to an error what was being done, without fmt.
type opError struct {
	op  string
	err error
}

func (e *opError) Error() string { return e.op + ": " + e.err.Error() }
func (e *opError) Unwrap() error { return e.err }

func wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &opError{op, err}
}
