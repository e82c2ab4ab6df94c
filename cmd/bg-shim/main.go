// Command bg-shim supervises one run of one task. It is not for people:
// bg-start and its kin start it, and hand it what to run through descriptors.
//
//	bg-shim ID
package main

import (
	"os"

	"bgtasks/lib/shim"
)

func main() { os.Exit(shim.Main()) }
