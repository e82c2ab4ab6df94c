package proc

import (
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// SignalName returns the name of a signal without its SIG: "TERM", "RTMIN", "RTMIN+3", and the number where there is
// no name.
func SignalName(sig syscall.Signal) string {
	if name, ok := strings.CutPrefix(unix.SignalName(sig), "SIG"); ok {
		return name
	}
	switch {
	case sig == rtMin && rtMax > 0:
		return "RTMIN"
	case sig > rtMin && sig <= rtMax:
		return "RTMIN+" + strconv.Itoa(int(sig-rtMin))
	}
	return strconv.Itoa(int(sig))
}

// aliases are the second names of signals, see signal(7).
var aliases = map[string]string{"IOT": "ABRT", "CLD": "CHLD", "POLL": "IO"}

// ParseSignal accepts TERM, SIGTERM, term, 15, RTMIN+3 and RTMAX-1. The error names the signals that are spelled
// nearly so.
func ParseSignal(s string) (syscall.Signal, error) {
	name := strings.TrimPrefix(strings.ToUpper(s), "SIG")
	if n, err := strconv.Atoi(name); err == nil {
		if n < 1 || n > int(lastSignal()) || name[0] == '+' {
			return 0, &signalError{s, nil}
		}
		return syscall.Signal(n), nil
	}
	if full, ok := aliases[name]; ok {
		name = full
	}
	if sig := unix.SignalNum("SIG" + name); sig != 0 {
		return sig, nil
	}
	if sig, ok := parseRealtime(name); ok {
		return sig, nil
	}
	return 0, &signalError{s, closeNames(name)}
}

// lastSignal is the highest number that kill(2) takes.
func lastSignal() syscall.Signal {
	return max(rtMax, 31)
}

func parseRealtime(name string) (syscall.Signal, bool) {
	if rtMax == 0 {
		return 0, false
	}
	base, offset := rtMin, ""
	switch {
	case strings.HasPrefix(name, "RTMIN"):
		offset = name[len("RTMIN"):]
	case strings.HasPrefix(name, "RTMAX"):
		base, offset = rtMax, name[len("RTMAX"):]
	default:
		return 0, false
	}
	if offset == "" {
		return base, true
	}
	n, err := strconv.Atoi(offset)
	sig := base + syscall.Signal(n)
	if err != nil || (offset[0] != '+' && offset[0] != '-') || sig < rtMin || sig > rtMax {
		return 0, false
	}
	return sig, true
}

type signalError struct {
	given string
	close []string
}

func (e *signalError) Error() string {
	msg := "unknown signal " + strconv.Quote(e.given)
	if len(e.close) > 0 {
		msg += " (near: " + strings.Join(e.close, ", ") + ")"
	}
	return msg
}

// closeNames returns the names of which one is a mistyping, nearest first.
func closeNames(name string) []string {
	var near [3][]string
	for n := syscall.Signal(1); n < 32; n++ {
		known := SignalName(n)
		if d := distance(name, known); d < len(near) && d < len(known) {
			near[d] = append(near[d], known)
		}
	}
	if len(near[1]) > 0 {
		return near[1]
	}
	return near[2]
}

// distance is the number of letters to insert, drop, replace or swap with their neighbour to get from a to b
// (optimal string alignment).
func distance(a, b string) int {
	var before []int
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
