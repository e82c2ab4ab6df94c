package shim

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fail"
	"bgtasks/lib/proc"
	"bgtasks/lib/record"
)

// Descriptors that the starter hands over.
const (
	lockFD   = 3 // the task's run.lock, held
	reportFD = 4 // write end of the pipe for the report
	launchFD = 5 // read end of the pipe with the launch block
)

// Main is the whole program bg-shim. It returns the exit status.
func Main() int {
	report := os.NewFile(reportFD, "report")
	if !inherited() {
		os.Stderr.WriteString("bg-shim: error: not for people: it is started by bg-start\n")
		return 2
	}
	if proc.LeadsSession() {
		if err := proc.ForkAgain(launchFD); err != nil { // a starter can't make an orphan by itself here
			return refuse(report, failed(record.StageShim, "fork again", err))
		}
		return 0
	}
	launch, err := readLaunch()
	if err != nil {
		return refuse(report, failed(record.StageShim, "launch block", err))
	}
	s := newShim(launch, os.NewFile(lockFD, "run.lock"))
	begin := s.start
	if launch.Adopt.Leader.PID != 0 {
		begin = s.adopt
	}
	if f := begin(); f != nil {
		return refuse(report, f)
	}
	fail.Pass("shim-start-report")
	answer(report, &record.Report{PID: s.record.Leader.PID})
	s.run()
	return 0
}

// inherited tells whether a starter has handed over what a shim needs.
func inherited() bool {
	for fd := lockFD; fd <= launchFD; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err != nil {
			return false
		}
	}
	return true
}

func readLaunch() (*record.Launch, error) {
	f := os.NewFile(launchFD, "launch block")
	defer f.Close()
	if err := fail.Point("shim-start-block"); err != nil {
		return nil, err
	}
	block, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	return record.ParseLaunch(block)
}

// failure says at which stage a start failed, and on what. None is nil.
type failure struct {
	stage, on string
	err       error
}

// failed makes an error a failure.
func failed(stage, on string, err error) *failure {
	if err == nil {
		return nil
	}
	return &failure{stage, on, err}
}

// refuse tells the starter why nothing was started.
func refuse(report *os.File, f *failure) int {
	r := &record.Report{Stage: f.stage, Detail: f.on}
	var errno syscall.Errno
	if !errors.As(f.err, &errno) {
		r.Detail += ": " + f.err.Error()
		errno = syscall.EPROTO
	}
	r.Errno = int(errno)
	answer(report, r)
	return 1
}

// answer gives the report. A starter that is gone already does not matter: the
// task runs, and the record says so.
func answer(report *os.File, r *record.Report) {
	report.Write(r.AppendReport(nil))
	report.Close()
}
