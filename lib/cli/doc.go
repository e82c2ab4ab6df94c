// Package cli is what the verbs have in common: command lines, payloads,
// envelopes, exit codes, selections, tables, and the reading of output.
//
// It knows how people and programs talk to the suite (DESIGN §10): the flags'
// words, the JSON command line with its schemas, and which error becomes which
// exit code and which envelope. It must not know how a task is supervised,
// stored or healed; it asks the rooms below. The argument parser, the schema
// generator and encoding/json are used here and nowhere above.
//
// Promises:
//
//   - stdout is data only. What is said to people goes to stderr, lower case,
//     one line an error and at most one line a hint.
//   - Text and JSON mode do the same thing: the text flags fill the very
//     payload that JSON mode decodes, and one function does the work.
//   - A payload is decoded strictly. Every fault is named with its path, and
//     nothing was done when one is found.
//   - Only Main ends the process.
package cli
