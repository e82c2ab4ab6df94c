// Package cli contains the common parts of the verbs: their two command lines, envelopes, exit codes, selections and waits.
//
// It knows which error becomes which exit code and which envelope. It must not know how a task is supervised, stored or
// healed; it asks the rooms below.
//
// Promises:
//
//   - stdout is data only. Messages for people go to stderr, in lower case: one line per error, and at most one line of
//     hint.
//   - Text and JSON mode do the same thing: one function does the work of both.
//   - Only Main ends the process.
package cli
