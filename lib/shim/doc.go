// Package shim is the supervisor of one attempt of a run: it executes the task,
// takes its output, enforces its limits, ends its tree when asked to, and records
// its end.
//
// It knows the steps of a start, of a stop and of an end (DESIGN §6), what a
// starter hands over, and whether another attempt follows. It must not know
// queues, selectors or how records are read, and it must stay small: no fmt, no
// JSON, no per-line work, one fixed buffer, one thread that sleeps in poll(2)
// until something happens.
//
// Promises: the end of the leader is recorded exactly as the kernel told it
// (P3); a stop ends the whole tree (P5); every byte of output is logged or
// counted (P6). The shim may be killed at any instant: its task lives on, with
// its output in the FIFO, and whoever looks next finds the lock free (P7).
//
// The states of a supervisor, in order:
//
//	running    the leader runs
//	stopping   the tree was asked to end; after the grace it is killed
//	lingering  the leader has ended, the run goes on until the tree is gone
//	recorded   the end is recorded; output of what is left is still taken
//	gone       nothing is left to supervise: the shim ends, or becomes the
//	           dispatcher if tasks wait
package shim
