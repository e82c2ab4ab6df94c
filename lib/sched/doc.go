// Package sched decides which waiting task starts next, and when. It implements
// queues with slots, limits of kinds, keys, dependencies, delays and the dispatch,
// with files and locks and without a daemon.
//
// It knows the files below queue/ in the home. It must not know flags or
// payloads, how a program is executed (package launch), or how a running task is
// ended (package control).
//
// Everything below queue/ except the configuration is an index: it follows from the
// records of the tasks, and is rebuilt from them after a reboot, or when it is
// missing. docs/bg-state.5 lists the files.
//
// Promises, even if any process is killed between any two lines:
//
//   - A queue never runs more tasks than it has slots, a kind never more than its
//     limit, a concurrency key never more than one.
//   - A slot whose holder is gone is free for the next caller of Tend.
//   - A waiting task is in the index before it can be seen, and every later dispatch
//     finds it there.
//   - Of the tasks that may start, the one with the highest priority starts first;
//     among equals, the one with the lowest sequence number. No clock matters.
//   - The cost of a dispatch depends on the number of running tasks and of queues and
//     kinds with waiting tasks, not on the number of waiting tasks.
//   - A dependency is decided by the run that it names, and stays met afterwards.
//   - After a reboot nothing starts before a command asks for it.
package sched
