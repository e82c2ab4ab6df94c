// Command bg-shim supervises one run of one task. It is not meant to be run by hand:
// bg-start and other verbs start it, and pass it what to run through descriptors.
//
//	bg-shim ID
package main

import (
	"os"

	"bgtasks/lib/shim"
)

func main() { os.Exit(shim.Main()) }
