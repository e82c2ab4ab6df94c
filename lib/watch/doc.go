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
//     for a deadline, and no inotify instance, of which a user has few, unless
//     the home can take no bell. For a task that waits to be started itself there
//     is a second timer, of ten seconds, because who will start it may be a process
//     that could not be watched before; shorter ones while something was left undone.
//   - Nothing is missed. The order is always: subscribe, look, sleep. A bell is
//     hung up before its task is looked at, so a change after the look rings
//     it; a bell is made quiet before the next look, so a ring during the look
//     is kept. A ring is given after the change that it tells of. A shim that
//     is killed rings nothing, so its process is watched too, and the look
//     after its end heals. Likewise those are watched by whose ends a task is
//     started that waits: if one of them is killed, or can't hand over, the waiter
//     sends for the dispatcher.
//   - A waiter that is killed leaves bells that nobody has open; whoever rings
//     next takes them down.
package watch
