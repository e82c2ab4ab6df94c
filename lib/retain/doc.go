// Package retain removes finished tasks: by rules about their age, number and
// size, or on request.
//
// It knows which finished tasks the rules of a config.Retention pick, and how one
// is removed. It must not know flags or payloads, nor how an end is recorded.
//
// Promises:
//
//   - A task is never removed if it is not over, if its tree has survivors or a
//     supervisor, or if its records can't be read. This is checked again under its
//     run.lock, which no restart can then take.
//   - The journal says removed before the task is out of sight, so that later lines
//     with the same id follow it (P10). A process that is killed in between leaves the
//     task unchanged; it is picked again, and gets a second line.
//   - A task goes out of sight in one step; leftovers of a crash are in tmp/.
//   - The automatic removal, by IfDue, runs once an hour, in one process at a time, and
//     removes a bounded number of tasks.
package retain
