// Package launch builds a task, publishes it and hands it to a shim.
//
// It knows the order of the steps of a start, how a program is looked up, and
// what a starter sends to a shim. It must not know flags, payloads, how records
// are read, or what the shim does afterwards (package shim).
//
// Promises: Start and Restart return nil only once the program was executed
// (P4). If it can't be executed, the error says whether it was not found or not
// executable, or the working directory was bad, and the home is as it was before.
// Draft and Requeue create a waiting task, whole and durable. Attempt starts a waiting
// task, from any process, with the environment that was kept for it. A starter that is
// killed leaves a draft in tmp/, or a published task whose free lock shows every reader
// that it has no supervisor.
package launch
