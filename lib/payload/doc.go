// Package payload is what programs hand over: the types of the payloads, their schemas, and their examples.
//
// A payload is decoded strictly. Every fault is named with its path, and nothing was done when one is found. Text flags
// fill the very types that JSON mode decodes, so both are held against the same rules.
//
// It must not know what a verb does with a payload.
package payload
