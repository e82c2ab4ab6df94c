//go:build !linux

package main

import (
	"context"
	"errors"
	"math"
)

type hold struct{ process }

// adoptOrphans is where the benchmark ends on other systems: it could not end what
// it starts.
func adoptOrphans() error { return errors.New("the benchmark needs Linux") }

func descendants() map[int]process           { return nil }
func reap(func(pid int) bool)                {}
func grasp(process) (hold, bool)             { return hold{}, false }
func readProcess(int) (process, bool)        { return process{}, false }
func (hold) ended() bool                     { return true }
func (hold) close()                          {}
func (hold) gone(context.Context) error      { return nil }
func syncFiles()                             {}
func scatter(string)                         {}
func killAll([]process)                      {}
func memory(int) (resident, private float64) { return math.NaN(), math.NaN() }
func switches(int) float64                   { return math.NaN() }
func processorTime(int) float64              { return math.NaN() }
