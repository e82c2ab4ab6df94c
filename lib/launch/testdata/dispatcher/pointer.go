package main

import "unsafe"

func pointer(n *int) uintptr { return uintptr(unsafe.Pointer(n)) }
