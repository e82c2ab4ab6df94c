// Package stream puts out what goes on: the output of tasks, and the events of the journal.
//
// It knows how a verb prints from an offset or a cursor on, and follows. It must not know how output or events are stored.
package stream
