// Package record holds the types of the records (tasks, states of runs, journal
// lines) and writes them as bytes.
//
// It knows the shapes of spec.json, state.json, stop.json and a journal line,
// of the launch block that a starter hands to a shim, of the report that the
// shim gives back, and of the doorbell's messages. It knows nothing of paths,
// locks or processes, and it reads no JSON: the shim must stay small, so the
// encoders are appends by hand, and package codec decodes.
//
// Promises: an encoder never fails, writes its fields in one fixed order, and
// leaves out what is unknown or empty unless absence would be ambiguous, in
// which case it writes null. Invalid UTF-8 in a string is written as U+FFFD,
// as encoding/json does.
package record

// Version is the "v" of every record of layout 1.
const Version = 1

// Layout is the number in HOME/LAYOUT that this version reads and writes.
const Layout = 1
