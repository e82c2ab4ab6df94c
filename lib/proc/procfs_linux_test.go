package proc

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// fakeProc makes a likeness of /proc, because few kernels have children files to be tested with.
func fakeProc(t *testing.T, children bool, files map[string]string) procFS {
	t.Helper()
	fs := procFS{root: t.TempDir(), children: children}
	for name, content := range files {
		path := filepath.Join(fs.root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return fs
}

func pidsOf(list []Stat) map[int]bool {
	pids := make(map[int]bool)
	for _, s := range list {
		pids[s.PID] = true
	}
	return pids
}

func statFile(pid int) string { return strconv.Itoa(pid) + " (x)" + tail }

func TestChildrenOfEveryThread(t *testing.T) {
	fs := fakeProc(t, true, map[string]string{
		"10/task/10/children": "20 21 ",
		"10/task/11/children": "",
		"10/task/12/children": "22 23 ",
		"20/stat":             statFile(20),
		"21/stat":             statFile(21),
		"22/stat":             statFile(22),
		// 23 has ended and was reaped since, and so has thread 13.
		"10/task/13/comm": "",
	})
	list, err := fs.childrenByFile(10)
	got := pidsOf(list)
	if err != nil || len(list) != 3 || !got[20] || !got[21] || !got[22] {
		t.Errorf("childrenByFile(10) = %v, %v, want 20, 21 and 22", list, err)
	}
	if list, err := fs.childrenByScan(1); len(list) != 3 || err != nil {
		t.Errorf("childrenByScan(1) = %v, %v, want the same three", list, err)
	}
	if list, err := fs.childrenByFile(99); len(list) != 0 || err != nil {
		t.Errorf("childrenByFile of nobody = %v, %v, want none", list, err)
	}
}

func everyone(Stat) bool { return true }

func TestScan(t *testing.T) {
	fs := fakeProc(t, false, map[string]string{
		"20/stat":    statFile(20),
		"21/stat":    statFile(21),
		"self/stat":  "not a number",
		"uptime":     "1 2",
		"22/cmdline": "ended while it was looked at",
	})
	list, err := fs.scan(everyone)
	got := pidsOf(list)
	if err != nil || len(list) != 2 || !got[20] || !got[21] {
		t.Errorf("scan() = %v, %v, want 20 and 21", list, err)
	}
}

func TestScanTellsOfGarbage(t *testing.T) {
	fs := fakeProc(t, false, map[string]string{"20/stat": "garbage\n"})
	_, err := fs.scan(everyone)
	wantError(t, "scan()", err, errBadStat)
}

// A /proc of another pid namespace numbers processes differently.
func TestStatOfAnotherNamespace(t *testing.T) {
	fs := fakeProc(t, false, map[string]string{"20/stat": statFile(21)})
	_, err := fs.stat(20)
	wantError(t, "stat(20)", err, errBadStat)
}

func TestRelinkFindsTheNewParent(t *testing.T) {
	fs := fakeProc(t, false, map[string]string{"30/stat": statFile(30)})
	list := fs.relink([]Stat{{PID: 1}, {PID: 30, PPID: 29}, {PID: 31, PPID: 1}, {PID: 32, PPID: 28}})
	for i, want := range []int{0, 1, 1, 28} {
		if list[i].PPID != want {
			t.Errorf("relink: parent of %d = %d, want %d", list[i].PID, list[i].PPID, want)
		}
	}
}

func TestReadAllGrows(t *testing.T) {
	big := make([]byte, 100_000)
	fs := fakeProc(t, false, map[string]string{"big": string(big)})
	if b, err := readSmall(fs.root + "/big"); len(b) != len(big) || err != nil {
		t.Errorf("readSmall = %d bytes, %v, want %d", len(b), err, len(big))
	}
}

// The status of a reaped process is known to holders of a pidfd since Linux 6.15, and unknown before.
func TestExitStatusOfReaped(t *testing.T) {
	s := newStage(t)
	pid := s.spawn("exit", "5")
	id := s.identify(pid)
	fd, err := ExitFD(id)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	s.awaitEnd(pid)
	if status, ok := ExitStatus(fd, id); !ok || status.ExitStatus() != 5 {
		t.Errorf("ExitStatus() of a zombie = %#x, %v, want exit 5", status, ok)
	}
	if _, _, err := Reap1(pid); err != nil {
		t.Fatal(err)
	}
	status, ok := ExitStatus(fd, id)
	if want := kernelAtLeast(t, 6, 15); ok != want || ok && status.ExitStatus() != 5 {
		t.Errorf("ExitStatus() of a reaped process = %#x, %v, want exit 5, %v", status, ok, want)
	}
}

func kernelAtLeast(t *testing.T, major, minor int) bool {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	var have [2]int
	i := 0
	for _, c := range u.Release {
		if c == '.' {
			i++
		}
		if i == len(have) || c != '.' && (c < '0' || c > '9') {
			break
		}
		if c != '.' {
			have[i] = have[i]*10 + int(c-'0')
		}
	}
	return have[0] > major || have[0] == major && have[1] >= minor
}

// A process whose first thread has ended is shown as a zombie while its other threads go on.
func TestFirstThreadEnded(t *testing.T) {
	s := newStage(t)
	s.spawn("firstthread", "")
	id := s.reported()
	st, err := ReadStat(id.PID)
	if err != nil || st.State != 'Z' || st.Threads < 2 {
		t.Fatalf("ReadStat() = %+v, %v, want state Z and several threads", st, err)
	}
	wantPresence(t, id, Alive)
	if _, ok := id.ZombieStatus(); ok {
		t.Error("ZombieStatus() of a live process is known")
	}
	if live := s.live(OwnTree(nil)); live[id.PID].Identity != id {
		t.Errorf("Live() = %v, want %v", live, id)
	}
	wantEmpty(t, OwnTree(nil), false)
}

// Who may not inspect a zombie is shown a zero, which must not be taken for success.
func TestInvisibleStatusIsUnknown(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to become somebody else")
	}
	s := newStage(t)
	pid := s.spawn("exit", "6")
	s.awaitEnd(pid)
	s.spawn("stranger", strconv.Itoa(pid))
	if got, want := s.line(), "zombie unknown"; got != want {
		t.Errorf("a stranger sees %q, want %q", got, want)
	}
}

func init() {
	if os.Getenv(helperEnv) == "firstthread" {
		lockMainThread()
	}
	helpers["firstthread"] = firstThreadEnds
	helpers["stranger"] = lookAsStranger
	helpers["nohup"] = ignoreAndLaunch
	helpers["clean"] = spawnCleanChild
}
