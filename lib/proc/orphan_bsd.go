//go:build darwin || freebsd

package proc

// forkOrphan goes the first half of the way: a child may not return from a fork here.
func forkOrphan(spec SpawnSpec) (first int, err error) { return forkExec(spec) }

func withStartersNofile(f func() error) error { return f() }
