// Package doctor looks for what keeps the suite from working here, and mends what can
// be mended without loss.
//
// It knows what belongs into a home, what the suite needs of the system, and how what
// killed or careless programs left is found. It must not know flags, nor how a check is
// printed.
//
// Promises: Examine without repair and stop changes nothing, not even what every other
// command settles when it meets it. Repair removes no record. A process gets a signal
// only if it is of a task of this home that is not there any more.
package doctor
