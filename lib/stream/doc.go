// Package stream prints and follows the output of tasks and the events of the journal.
//
// It knows how a verb prints from an offset or a cursor, and how it follows. It must not know how output or events are stored.
package stream
