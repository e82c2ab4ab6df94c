// Package watch blocks until something changes: a task's record, its log, the
// journal, or the life of a process.
//
// It knows bells (package store), exit descriptors (package proc) and poll(2).
// It must not know what is waited for: callers look at tasks with package view
// and decide.
//
// Promises:
//
//   - Waiting costs no wake-ups (P9): one poll(2) over descriptors, one timer
//     for a deadline, and no inotify instance, of which a user has few, unless no bell
//     can be created in the home. For a waiting task there is a second timer of ten
//     seconds, because the process that will start it may not exist yet; the timer is
//     shorter while a dispatch is unfinished.
//   - Nothing is missed. The order is always: subscribe, look, sleep. A bell is
//     created before the look at its task, so a change after the look rings it. A bell
//     is silenced before the next look, so a ring during the look is kept. A process
//     rings after the change, never before. A shim that is killed rings nothing, so its
//     process is watched too, and the look after its end heals. For a waiting task, the
//     tasks whose ends would start it are watched in the same way: if one of their
//     supervisors is killed or can't start the next task, the waiter starts the
//     dispatcher.
//   - A waiter that is killed leaves bells that no process has open; the next process
//     that rings removes them.
package watch
