// Package events reads the journal: tasks as they were at one place of it, or after one of
// its events, and how far each named consumer has come.
//
// It knows how far a record and the line about it may be apart. It must not know how events
// are printed, or how one waits for the next.
//
// Promises (P10):
//
//   - A cut shows what the lines up to its cursor tell, and nothing of those after it.
//   - What a consumer has acknowledged is on the disk, and so are the events.
package events
