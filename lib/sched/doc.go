// Package sched decides which of the tasks that wait is started, and when: it
// keeps queues with slots, limits by kind, keys, dependencies, delays and the
// dispatch, with files and locks and without a daemon (DESIGN §8).
//
// It knows the files below queue/ in the home. It must not know flags or
// payloads, how a program is executed (package launch), or how the end of a
// running task is brought about (package control).
//
// Everything below queue/ but the configuration is an index: it follows from the
// records of the tasks, and is made anew from them after a reboot, or when it is
// missing. docs/bg-state.5 lists the files.
//
// Promises, whatever is killed between any two lines:
//
//   - of a queue never more tasks run than it has slots, of a kind never more
//     than its limit, of a concurrency key never more than one;
//   - a slot whose holder is gone is free for the next one who calls Tend;
//   - a task that waits is in the index before it can be seen, and is found there
//     by every later dispatch;
//   - of the tasks that may be started the one with the highest priority is, and
//     of these the one with the lowest sequence number; no clock has a say;
//   - what a dispatch costs depends on what runs, on the queues and kinds that
//     wait, and not on how many tasks do;
//   - a dependency is decided by the run that it is about, and stays met whatever
//     becomes of its task;
//   - after a reboot nothing is started before someone asks for it.
package sched
