// Command bg-dispatch starts the tasks of a home that wait and may be started now.
//
//	bg-dispatch HOME
//	bg-dispatch --sleep HOME
//
// It is not for people: a supervisor executes it when it ends, and a command starts it
// where a supervisor could not. With --sleep it stays as long as a task of the home has
// a time, and starts what is due. bg-queue kick is for people.
package main

import (
	"os"

	"bgtasks/lib/sched"
)

func main() { os.Exit(sched.Main(os.Args[1:])) }
