// Package view reads a home: the records of its tasks, what they mean together, and the
// task object that verbs print.
//
// It knows what follows from a free lock, an open FIFO and a process that lives. It must
// not know how anything is printed, how a task is started or stopped, or how one waits for
// a change; and it writes nothing.
//
// Promises:
//
//   - A record that can't be read, or something else in its place, makes that one task
//     unreadable and hinders no other.
//   - Nothing is made up: an exit code, signal or time that no record holds is
//     absent (P3).
package view
