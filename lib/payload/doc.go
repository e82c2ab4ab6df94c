// Package payload defines the payloads of programs: their types, schemas and examples.
//
// A payload is decoded strictly. Each fault is named with its path, and a payload with a fault has no effect. Text flags
// fill the same types that JSON mode decodes, so the same rules apply to both.
//
// It must not know what a verb does with a payload.
package payload
