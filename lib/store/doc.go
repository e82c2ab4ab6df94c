// Package store is the layout on disk: paths, building a task and renaming it
// into sight, atomic replacement, locks, bells and doorbells, sweeping.
//
// It knows file names, modes and which step may be cut short by a crash. It
// must not know what a record says (package record), what a log holds (package
// seglog) or what a process is (package proc).
//
// Promises, whatever is killed between any two lines:
//
//   - a task directory under tasks/ is complete, and was locked before it could
//     be seen (P1);
//   - a record is replaced whole, and is on the disk when Replace returns (P1);
//   - a lock is held exactly as long as its open file description lives, so a
//     dead holder holds nothing; no lock is ever stolen or unlinked;
//   - what is made here has mode 0600, or 0700 for a directory, provided that
//     the process has set its umask to 077 as package cli and the shim do (P11);
//   - what a crash leaves lies in tmp/ or in a hidden file, and is swept.
package store
