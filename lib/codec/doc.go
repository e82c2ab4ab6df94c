// Package codec decodes the records that lib/record encodes: a file, or a line of one.
//
// It knows the members of each record and what they may be. It must not know where a
// record is kept, or what it means beside others.
//
// Promises:
//
//   - A record is taken whole or not at all: garbage, a truncated file and a wrong type
//     are errors. They say what is wrong, not where it was found.
//   - Members that are not known are passed over.
//   - What no record holds is absent: no exit code, signal or time is made up (P3).
package codec
