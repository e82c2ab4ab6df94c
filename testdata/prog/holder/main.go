// Holder takes the lock of the file FILE as the suite does, says so, and stops.
// Once it is continued, it ends.
package main

import (
	"fmt"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

func main() {
	f, err := os.OpenFile(os.Args[1], os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		err = lock(f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	continued := make(chan os.Signal, 1)
	signal.Notify(continued, unix.SIGCONT)
	fmt.Println("held")
	unix.Kill(os.Getpid(), unix.SIGSTOP)
	<-continued // another thread may be the one that is stopped first
}
