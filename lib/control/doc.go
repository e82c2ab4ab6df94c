// Package control asks things of tasks: start, stop, run again.
//
// It knows which request must reach whom, in which order, and when it is
// fulfilled. It must not know flags or payloads, nor how a shim ends a tree.
//
// Promises: Stop returns nil only when no process of the task's tree is left
// (P5), and a stop that was asked for survives everyone who asked (stop.json).
// Nothing here signals a process: only the tree's own supervisor does (P8).
package control
