// Package control carries out requests about tasks: start, stop, restart, wait.
//
// It knows which process each request must reach, in which order, and when it is
// fulfilled. It must not know flags or payloads, nor how a shim ends a tree.
//
// Promises: Stop returns nil only when no process of the task's tree is left
// (P5), and a requested stop survives the death of every requester (stop.json).
// This package signals no process: only the tree's own supervisor does (P8).
package control
