// Package proc knows processes as the kernel shows them: the identity of a process, its children, how it is started
// apart from its starter, how it is signalled, waited for and reaped.
//
// It must not know tasks, records, files of the home, or policy: the callers decide how long a grace is, which leftovers
// are kept and which nested supervisor belongs to which task.
//
// It promises:
//
//   - A process is an [Identity], never a bare pid (P8). A signal goes to a process whose identity was confirmed on a
//     descriptor that cannot change its meaning (a pidfd on Linux), or to a child that this process has not reaped
//     and whose pid therefore cannot be given to anyone else.
//   - Pids and process groups of 1 and below are refused wherever they come from.
//   - A zombie is an answer of its own. It has ended, but its status can still be read.
//   - Unknown facts are reported as unknown: no exit status, absence or child is inferred from a missing permission or an
//     unmounted /proc (P3).
//   - A function that a system lacks returns an error that wraps [ErrUnsupported].
//
// It keeps no state on disk, so a crash at any line leaves nothing to repair: the kernel closes the open descriptors, and
// the next subreaper or init adopts the children.
//
// Because bg-shim imports it, it uses golang.org/x/sys/unix and small packages of the standard library only.
package proc
