// Package retain removes finished tasks: by rules about their age, number and
// size, or because somebody asks.
//
// It knows which finished tasks the rules of a config.Retention pick, and how one
// is removed. It must not know flags or payloads, nor how an end is recorded.
//
// Promises:
//
//   - No task is removed that is not over, whose tree has survivors, that
//     somebody supervises, or whose records can't be read. That is looked at
//     again under its run.lock, which no restart can then take.
//   - The journal says removed before the task is out of sight, so that what
//     follows under the same id comes after it (P10). A process that is killed
//     in between leaves the task as it was; it is picked again, and gets a
//     second line.
//   - A task is out of sight in one step; what a crash leaves of it lies in tmp/.
//   - What runs by itself, by IfDue, does so once an hour, in one process at a
//     time, and removes a bounded number of tasks.
package retain
