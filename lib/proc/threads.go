package proc

import "runtime"

// reserved is how many threads were reserved.
var reserved int

// ReserveThreads makes this process have n threads more, which the runtime then uses instead of making others. A Go
// program that can't have a thread which it needs (RLIMIT_NPROC, pids.max) is ended by its runtime, as surely as by
// KILL; after this it ends here or not for that reason. The threads sleep until they are needed. One more is made for
// the runtime's own use.
func ReserveThreads(n int) {
	reserved = n
	begun, ended := make(chan struct{}, n), make(chan struct{})
	for range n {
		go func() {
			runtime.LockOSThread()
			begun <- struct{}{}
			<-ended // each goroutine that waits here keeps a thread of its own
			runtime.UnlockOSThread()
			begun <- struct{}{}
		}()
	}
	for range n {
		<-begun
	}
	close(ended)
	for range n {
		<-begun
	}
}
