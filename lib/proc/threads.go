package proc

import "runtime"

// reservation is the threads that this process has in reserve.
type reservation struct {
	n      int
	wanted chan struct{} // closed when they are
	moved  chan struct{} // by each thread: when it is there, and when it is free
}

var reserved reservation

// ReserveThreads makes this process have n threads more, for [FreeThreads] to give to the runtime, which then uses them
// instead of making others. A Go program that can't have a thread which it needs (RLIMIT_NPROC, pids.max) is ended by its
// runtime, as surely as by KILL; after this it ends here or not for that reason. The threads sleep until they are needed.
// One more is made for the runtime's own use.
func ReserveThreads(n int) {
	r := reservation{n, make(chan struct{}), make(chan struct{}, n)}
	for range n {
		go func() {
			runtime.LockOSThread()
			r.moved <- struct{}{}
			<-r.wanted // each goroutine that waits here keeps a thread of its own
			runtime.UnlockOSThread()
			r.moved <- struct{}{}
		}()
	}
	for range n {
		<-r.moved
	}
	reserved = r
}

// FreeThreads gives what is reserved to the runtime, which takes about as long as the reservation: a process that needs
// no more threads in the end had better not. It is to be called before anything that waits in a system call beside
// another, and before signals are handled. It must not be called by two goroutines at once.
func FreeThreads() {
	r := reserved
	reserved = reservation{}
	if r.n == 0 {
		return
	}
	close(r.wanted)
	for range r.n {
		<-r.moved
	}
}
