package serial

import "runtime"

func init() { runtime.GOMAXPROCS(1) }
