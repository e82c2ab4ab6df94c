// Package store is the layout on disk: paths, building a task and renaming it
// into sight, atomic replacement, locks, bells and doorbells, sweeping.
//
// It knows file names, modes and the steps that a crash may interrupt. It must not
// know the contents of records (package record) or logs (package seglog), or
// processes (package proc).
//
// Promises, even if any process is killed between any two lines:
//
//   - a task directory under tasks/ is complete, and was locked before it could
//     be seen (P1);
//   - a record is replaced whole, and is on the disk when Replace returns (P1);
//   - a lock is held exactly as long as its open file description lives, so a
//     dead holder holds nothing; no lock is ever stolen or unlinked;
//   - files have mode 0600 and directories 0700, provided that the process has set
//     its umask to 077 as package cli and the shim do (P11);
//   - leftovers of a crash are in tmp/ or in a hidden file, and are swept.
package store
