// Package cli is what the verbs have in common: their two command lines, envelopes, exit codes, selections and waits.
//
// It knows which error becomes which exit code and which envelope. It must not know how a task is supervised, stored or
// healed; it asks the rooms below.
//
// Promises:
//
//   - stdout is data only. What is said to people goes to stderr, lower case, one line an error and at most one line a
//     hint.
//   - Text and JSON mode do the same thing: one function does the work of both.
//   - Only Main ends the process.
package cli
