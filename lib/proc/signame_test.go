package proc

import (
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestParseSignal(t *testing.T) {
	for in, want := range map[string]syscall.Signal{
		"TERM": syscall.SIGTERM, "SIGTERM": syscall.SIGTERM, "term": syscall.SIGTERM, "sigterm": syscall.SIGTERM,
		"15": syscall.SIGTERM, "9": syscall.SIGKILL, "1": syscall.SIGHUP, "usr1": syscall.SIGUSR1,
		"IOT": syscall.SIGABRT, "CLD": syscall.SIGCHLD,
	} {
		if got, err := ParseSignal(in); got != want || err != nil {
			t.Errorf("ParseSignal(%q) = %d, %v, want %d", in, got, err, want)
		}
	}
}

func TestParseSignalRefuses(t *testing.T) {
	for _, in := range []string{"", "SIG", "0", "-1", "+9", "-9", "200", "1e1", "NONE", "RTMIN-1", "RTMAX+1", "RTMIN3", "SIG SIG", "SIGSIGTERM"} {
		if got, err := ParseSignal(in); err == nil {
			t.Errorf("ParseSignal(%q) = %d, want an error", in, got)
		}
	}
}

func TestParseSignalNamesNearOnes(t *testing.T) {
	for in, want := range map[string]string{"TREM": "TERM", "KIL": "KILL", "sigstp": "TSTP", "HUPP": "HUP", "USR3": "USR1, USR2"} {
		_, err := ParseSignal(in)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), in) {
			t.Errorf("ParseSignal(%q) = %v, want it to name %s", in, err, want)
		}
	}
	if _, err := ParseSignal("xylophone"); err == nil || strings.Contains(err.Error(), "near") {
		t.Errorf("ParseSignal(xylophone) = %v, want no suggestion", err)
	}
}

func TestSignalNameRoundTrip(t *testing.T) {
	for sig := syscall.Signal(1); sig <= lastSignal(); sig++ {
		name := SignalName(sig)
		if got, err := ParseSignal(name); got != sig || err != nil {
			t.Errorf("ParseSignal(SignalName(%d) = %q) = %d, %v", sig, name, got, err)
		}
	}
}

func TestSignalName(t *testing.T) {
	names := map[syscall.Signal]string{syscall.SIGTERM: "TERM", syscall.SIGKILL: "KILL", 0: "0", 999: "999", -1: "-1"}
	if runtime.GOOS == "linux" {
		names[32], names[34], names[37], names[64] = "32", "RTMIN", "RTMIN+3", "RTMIN+30"
	}
	for sig, want := range names {
		if got := SignalName(sig); got != want {
			t.Errorf("SignalName(%d) = %q, want %q", sig, got, want)
		}
	}
	if rtMax > 0 {
		if got, err := ParseSignal("rtmax-1"); got != rtMax-1 || err != nil {
			t.Errorf("ParseSignal(rtmax-1) = %d, %v, want %d", got, err, rtMax-1)
		}
	}
}
