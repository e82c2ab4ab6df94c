// Package report records what a task says about itself: its progress, its
// steps, that it lives, and its result (DESIGN §9).
//
// It knows progress.json, steps.ndjson and report.due, in which order they and the journal
// are written, and when a task may say anything at all. It must not know flags
// or payloads, nor what a watchdog does about silence. It heals nothing and
// looks at no process: a task may report in a loop.
//
// Promises:
//
//   - Of reports at the same time none is lost: report.lock is held from the
//     reading of what was there to the writing of what is.
//   - A report about an attempt that is over changes nothing, and no line of the
//     journal about a report comes after the one about that attempt's end: the
//     state is looked at under the lock that orders the journal.
//   - Of reports that come faster than the journal takes them the newest is told
//     at last: by a later report, by the supervisor after a pause, or before the
//     end.
//   - A process that is killed between two lines leaves each file as it was
//     before the report or after it. It may leave a step without its percentage
//     in the progress, either without its line in the journal, and half a line
//     at the end of steps.ndjson, which readers pass over and the next step cuts
//     off.
package report
