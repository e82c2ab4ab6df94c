// Package view reads a home: it decodes the records, derives the task object
// that verbs print, finds tasks by what people call them, and heals what a
// dead supervisor left open.
//
// It knows what the records mean together (DESIGN §4, §5) and what follows
// from a free lock (§7). It must not know how anything is printed, how a task
// is started or stopped, or how one waits for a change.
//
// Promises:
//
//   - A record is taken whole or not at all: garbage, a truncated file, a wrong
//     type or a directory in a file's place make that one task unreadable and
//     hinder no other. Members it does not know are passed over.
//   - Nothing is made up: an exit code, signal or time that no record holds is
//     absent (P3).
//   - state.json is written by a healer only, and only under run.lock (P2).
//   - Reading never fails because healing does: a home that can't be written is
//     shown as it would be after healing.
package view
