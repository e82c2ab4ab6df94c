package record

import "strings"

// ShimName is the supervisor's program, found beside the verb's own.
const ShimName = "bg-shim"

// DispatcherName is the program that starts what waits.
const DispatcherName = "bg-dispatch"

// SleepWord makes it sleep until the next task is due, and start that.
const SleepWord = "--sleep"

// DispatchArgv is the argument list with which it is called by whoever ends a task.
func DispatchArgv(home string) []string { return []string{DispatcherName, home} }

// SleepArgv is that of the one that sleeps.
func SleepArgv(home string) []string { return []string{DispatcherName, SleepWord, home} }

// DispatchEnv is what it gets of its caller's environment: nothing by which it, or
// what it starts, would be taken for a part of the caller's task.
func DispatchEnv(environ []string) (env []string) {
	for _, kv := range environ {
		if strings.HasPrefix(kv, "BG_ALLOW_NETFS=") {
			env = append(env, kv)
		}
	}
	return env
}
