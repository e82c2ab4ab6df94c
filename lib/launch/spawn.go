package launch

import (
	"errors"
	"fmt"
	"os"
	"time"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// handover is what a shim is started with.
type handover struct {
	id  string
	dir string   // its working directory
	env []string // its environment but for the tuned variables

	patience time.Duration // until it must have answered
}

// deliver executes a shim, tells it what to do and returns its report.
func (x *handover) deliver(held *store.Lock, block []byte) (*record.Report, error) {
	s, err := x.begin(held)
	if err != nil {
		return nil, err
	}
	return s.tell(block)
}

// begin executes a shim in a session of its own, with the held lock. It gets
// ready while the caller does other things, and does nothing before it is told.
func (x *handover) begin(held *store.Lock) (*shim, error) {
	path, err := shimPath()
	if err != nil {
		return nil, err
	}
	if silent(time.Now()) {
		return nil, fmt.Errorf("start the supervisor %s: one that was just started has not answered", path)
	}
	null, err := fsys.Open(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	reportR, reportW, err := fsys.Pipe()
	if err != nil {
		return nil, err
	}
	defer reportW.Close()
	launchR, launchW, err := fsys.Pipe()
	if err != nil {
		return nil, errors.Join(err, reportR.Close())
	}
	defer launchR.Close()
	s := &shim{report: reportR, launch: launchW, patience: x.patience}
	err = fail.Point("launch-spawn")
	if err == nil {
		s.first, err = x.spawn(path, []*os.File{null, null, null, held.File(), reportW, launchR})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the supervisor %s: %w", path, err), launchW.Close(), reportR.Close())
	}
	return s, nil
}

func (x *handover) spawn(path string, files []*os.File) (first int, err error) {
	fds := make([]uintptr, len(files))
	for i, f := range files {
		fds[i] = f.Fd()
	}
	return proc.SpawnOrphan(proc.SpawnSpec{
		Path:  path,
		Argv:  []string{record.ShimName, x.id},
		Env:   override(x.env, append(record.ShimTuning(), fail.Environ()...)...),
		Dir:   x.dir,
		Files: fds,
		Umask: -1,
	})
}
