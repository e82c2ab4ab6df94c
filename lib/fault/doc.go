// Package fault is how a verb tells what is wrong: a sentence for people, with a hint and an exit code, and the same for
// programs, with a type and details. It knows nothing of tasks.
//
// With it come the words of such sentences and the bounds of what a caller hands over.
package fault
