// Noreap runs COMMAND and waits for it alone, by its pid: an init that never
// reaps what is handed to it. As pid 1 of a pid namespace it shows what a
// container does whose first process was made for nothing but its own work.
//
//	noreap COMMAND [ARG...]
package main

import (
	"log"
	"os"
	"os/exec"
)

func main() {
	cmd := exec.Command(os.Args[1], os.Args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		log.Fatal(err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}
