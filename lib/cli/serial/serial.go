// Package serial is imported, for its effect alone, by verbs that do one thing
// after another for one item: they run on one processor. It knows nothing of the suite.
//
// The effect is an init function's because it must come early: the runtime gives
// away what a processor has cached when it is taken away, and in the first lines
// of main that is a hundred page faults' worth, in a program that has four hundred.
// A second processor would have a thread of its own wake up for each thing to do.
// Lists of items get more again (see cli.Together).
package serial

import "runtime"

func init() { runtime.GOMAXPROCS(1) }
