// Hoard opens a file N times, or as often as its limit lets it, says how often,
// and keeps all of them open until it is told to end.
//
//	hoard N
package main

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"strconv"

	"golang.org/x/sys/unix"
)

func main() {
	n, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	told := make(chan os.Signal, 1)
	signal.Notify(told, unix.SIGTERM)
	opened := 0
	for range n {
		if _, err := unix.Open(os.DevNull, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			break
		}
		opened++
	}
	fmt.Println("hoarded", opened)
	<-told
}
