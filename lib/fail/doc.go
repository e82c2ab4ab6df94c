// Package fail lets a test kill a process of the suite, delay it, or simulate a failing
// disk, at a named point of the code.
//
// It knows names of points and kinds of faults. It must not know what happens
// at a point: the code there says so. Without the build tag failpoint its
// functions are empty, are inlined to nothing, and no variable is read.
//
// With the tag, BG_FAIL=NAME=FAULT[,NAME=FAULT...] sets the fault that occurs whenever a
// process reaches the point NAME. The faults are
//
//	kill9       the process gets SIGKILL before the step that the point stands at
//	enospc      the step fails as on a full disk
//	eio         the step fails as on a broken one
//	delay:50ms  the step is late by that much
//
// BG_FAIL_LOG=FILE appends the name of the point to FILE before each fault.
package fail

// Variable is the environment variable that arms points.
const Variable = "BG_FAIL"

// LogVariable is the environment variable that names the file of faults.
const LogVariable = "BG_FAIL_LOG"
