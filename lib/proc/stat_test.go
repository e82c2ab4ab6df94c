package proc

import (
	"os"
	"strings"
	"testing"
)

// tail is a stat from its state on, with start time 4242, 3 threads and wait status 256.
const tail = " S 1 30 20 0 -1 4194560 1 2 3 4 5 6 7 8 20 -5 3 0 4242 1000 100 18446744073709551615" +
	" 1 1 0 0 0 0 0 4096 81920 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 4097 256\n"

func TestParseStat(t *testing.T) {
	for _, comm := range []string{"sh", "", "a b", "a) S 1 (b", ")", "((", "x\ny", "\xff\x00"} {
		in := "77 (" + comm + ")" + tail
		got, err := ParseStat([]byte(in))
		want := Stat{PID: 77, PPID: 1, PGID: 30, SID: 20, State: 'S', StartTicks: 4242, ExitCode: 256, Comm: comm, Threads: 3}
		if err != nil || got != want {
			t.Errorf("ParseStat(%q) = %+v, %v, want %+v", in, got, err, want)
		}
	}
}

func TestParseStatOfLaterKernel(t *testing.T) {
	in := "77 (sh)" + strings.TrimSuffix(tail, "\n") + " 5 -6\n"
	if _, err := ParseStat([]byte(in)); err != nil {
		t.Errorf("ParseStat with two more fields = %v", err)
	}
}

func TestParseStatRefuses(t *testing.T) {
	good := "77 (sh)" + tail
	for name, bad := range map[string]string{
		"empty":            "",
		"no newline":       strings.TrimSuffix(good, "\n"),
		"cut":              good[:60] + "\n",
		"51 fields":        strings.TrimSuffix(good, " 256\n") + "\n",
		"no name":          "77" + tail,
		"open name":        "77 (sh" + tail,
		"no pid":           " (sh)" + tail,
		"pid 0":            "0 (sh)" + tail,
		"negative pid":     "-7 (sh)" + tail,
		"signed pid":       "+7 (sh)" + tail,
		"huge pid":         "99999999999 (sh)" + tail,
		"two spaces":       strings.Replace(good, " 30 ", "  30 ", 1),
		"trailing space":   strings.Replace(good, "256\n", "256 \n", 1),
		"no state":         strings.Replace(good, " S ", " ", 1),
		"long state":       strings.Replace(good, " S ", " SS ", 1),
		"word":             strings.Replace(good, " 4096 ", " x ", 1),
		"negative start":   strings.Replace(good, " 4242 ", " -1 ", 1),
		"overflowing time": strings.Replace(good, " 4242 ", " 18446744073709551616 ", 1),
		"group -2":         strings.Replace(good, " 30 ", " -2 ", 1),
		"negative parent":  strings.Replace(good, " S 1 ", " S -1 ", 1),
	} {
		if got, err := ParseStat([]byte(bad)); err == nil {
			t.Errorf("ParseStat(%s) = %+v, want an error", name, got)
		}
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("77 (sh)" + tail))
	f.Add([]byte("77 (a) S 1 (b)" + tail))
	f.Add([]byte("1 (\n)" + tail))
	f.Add([]byte("77 (sh) Z 1\n"))
	f.Add([]byte(""))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseStat(b)
		if err != nil {
			if s != (Stat{}) {
				t.Errorf("ParseStat(%q) = %+v beside an error", b, s)
			}
			return
		}
		if s.PID < 1 || s.PPID < 0 || s.PGID < -1 || s.Threads < 0 || !isLetter(s.State) {
			t.Errorf("ParseStat(%q) = %+v, out of range", b, s)
		}
		if !strings.Contains(string(b), "("+s.Comm+")") {
			t.Errorf("ParseStat(%q) has the name %q, which is not in it", b, s.Comm)
		}
	})
}

func TestEnded(t *testing.T) {
	for _, c := range []struct {
		stat Stat
		want bool
	}{
		{Stat{State: 'R', Threads: 1}, false},
		{Stat{State: 'T', Threads: 1}, false},
		{Stat{State: 'Z', Threads: 1}, true},
		{Stat{State: 'Z', Threads: 0}, true},
		{Stat{State: 'X', Threads: 0}, true},
		{Stat{State: 'Z', Threads: 2}, false},
	} {
		if got := c.stat.Ended(); got != c.want {
			t.Errorf("%+v.Ended() = %v, want %v", c.stat, got, c.want)
		}
	}
}

func TestReadStat(t *testing.T) {
	st, err := ReadStat(os.Getpid())
	if err != nil || st.PID != os.Getpid() || st.PPID != os.Getppid() || st.Ended() {
		t.Errorf("ReadStat(self) = %+v, %v", st, err)
	}
	_, err = ReadStat(1 << 30)
	wantError(t, "ReadStat of nobody", err, ErrGone)
}
