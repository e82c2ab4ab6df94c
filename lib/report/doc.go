// Package report records the reports of a task about itself: progress, steps,
// heartbeats and a result.
//
// It knows progress.json, steps.ndjson and report.due, the order in which they and the
// journal are written, and when a task may report. It must not know flags or
// payloads, nor how a watchdog acts. It heals nothing and looks at no process, because
// a task may report in a loop.
//
// Promises:
//
//   - Simultaneous reports are never lost: report.lock is held from reading the old
//     record to writing the new one.
//   - A report about an attempt that is over changes nothing, and no journal line of a
//     report follows the line of that attempt's end: the state is read under the lock
//     that orders the journal.
//   - If reports come faster than the journal takes them, the newest is journalled
//     later: by another report, by the supervisor after a pause, or before the end.
//   - A process that is killed between two lines leaves each file as it was before or
//     after the report. It may leave a step whose percentage is not in the progress,
//     either of them without its journal line, and half a line at the end of
//     steps.ndjson, which readers ignore and the next step cuts off.
package report
