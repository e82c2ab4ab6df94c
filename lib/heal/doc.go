// Package heal reads a task and does what its dead supervisor, or another process that was
// killed, left to do: an end is recorded and told, a living tree gets a new supervisor. Each
// verb that looks at a task looks through this room.
//
// It knows what is to be done about a task whose lock is free. It must not know how tasks
// are found or printed, how one is started or stopped on request, or how one waits for a
// change.
//
// Promises:
//
//   - state.json is written under run.lock only (P2).
//   - A healer may be killed between any two steps: the next one goes on (P7).
//   - An exit code, signal or time that nobody saw stays absent (P3).
//   - Reading never fails because healing does: a home that can't be written to is shown as
//     it would be after healing, and one of another host as its records are.
package heal
