// Package bgtasks holds the tests of the suite as a whole: the behaviour of its
// commands, the sizes of their files, and which room may know which.
package bgtasks
