// Package codec decodes the records that lib/record encodes: a file, or a line of one.
//
// It knows the members of each record and their types. It must not know where a record
// is kept, or what several records mean together.
//
// Promises:
//
//   - A record is decoded whole or not at all: garbage, a truncated file and a wrong type
//     are errors. The errors name the fault, not the file.
//   - Unknown members are ignored.
//   - Missing facts stay absent: no exit code, signal or time is invented (P3).
package codec
