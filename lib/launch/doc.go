// Package launch builds a task, publishes it and hands it to a shim.
//
// It knows the order of the steps of a start, how a program is looked up, and
// what travels from a starter to a shim. It must not know flags, payloads or
// how records are read; what the shim then does is package shim's business.
//
// Promises: Start and Restart return nil only once the program was executed
// (P4). When it can't be, the error says which of "not found", "not
// executable" and "bad working directory" it was, and the home is as it was
// before. Draft and Requeue make a task that waits, whole and durable, and Attempt
// starts what waits: by whoever finds that it may, with the environment that was
// kept for it. A starter that is killed leaves a draft in tmp/, or a published task
// whose free lock tells every reader that nobody supervises it.
package launch
