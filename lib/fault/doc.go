// Package fault describes failures of a verb: for people, a sentence with a hint and an exit code; for programs, the same
// with a type and details. It knows nothing of tasks.
//
// It also has helpers for the words of such sentences, and the bounds of a caller's input.
package fault
