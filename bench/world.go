package main

import "slices"

// process is one that the kernel lists. Its start time, in ticks since the boot, makes
// the identity whole: a pid alone may be another one's by now.
type process struct {
	pid, parent int
	start       uint64
	name        string
	zombie      bool
}

// in tells whether the process is one of those, whatever it has become by exec.
func (p process) in(known map[int]process) bool {
	same, found := known[p.pid]
	return found && same.start == p.start
}

// newcomers are the descendants that are alive and not in before, by their pids.
func newcomers(before map[int]process) (list []process) {
	for _, p := range descendants() {
		if !p.zombie && !p.in(before) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b process) int { return a.pid - b.pid })
	return list
}
