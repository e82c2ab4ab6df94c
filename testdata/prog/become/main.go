// Become executes COMMAND as the user that this file belongs to, if it is
// set-user-id: as the effective one alone, or, with -whole, as the real and the
// saved one too, so that its starter may not signal it.
//
//	become [-whole] COMMAND [ARG...]
package main

import (
	"log"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "-whole" {
		uid := os.Geteuid()
		if err := unix.Setresuid(uid, uid, uid); err != nil {
			log.Fatal(err)
		}
		args = args[1:]
	}
	path, err := exec.LookPath(args[0])
	if err == nil {
		err = syscall.Exec(path, args, os.Environ())
	}
	log.Fatal(err)
}
