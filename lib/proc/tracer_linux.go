package proc

import (
	"bytes"
	"strconv"
)

// Tracer is the process that traces another (ptrace(2)), 0 if none does or it can't be told.
func Tracer(pid int) int {
	b, err := readSmall("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, _ := bytes.Cut(b, []byte("\nTracerPid:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	tracer, _ := strconv.Atoi(string(bytes.TrimSpace(line)))
	return tracer
}
