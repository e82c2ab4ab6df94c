// Package shim is the supervisor of one attempt of a run: it executes the task,
// takes its output, enforces its limits, ends its tree when asked to, and records
// its end.
//
// It knows the steps of a start, of a stop and of an end, what a
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
// A supervisor is a machine: what happens is an event, and the table of machine.go
// says which state follows and what is done. What happens by itself at a time is in
// the table of clocks.go. The rest is parts that know nothing of each other: output,
// journal, tree, doorbell.
package shim
