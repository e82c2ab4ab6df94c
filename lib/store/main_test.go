package store

import (
	"bufio"
	"os"
	"os/exec"
	"testing"
)

// helperVar makes the test binary play a part in another process.
const helperVar = "STORE_TEST_HELPER"

func TestMain(m *testing.M) {
	if part := helpers[os.Getenv(helperVar)]; part != nil {
		part(os.Args[1:])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var helpers = map[string]func(args []string){
	// hold takes a task's lock, says so, and keeps it until its stdin ends.
	"hold": func(args []string) {
		if _, err := TryLock(args[0]); err != nil {
			os.Stdout.WriteString(err.Error() + "\n")
			return
		}
		os.Stdout.WriteString("held\n")
		bufio.NewReader(os.Stdin).ReadString('\n')
	},
}

// helper runs a part in a process of its own and gives its first line. end
// kills it.
func helper(t *testing.T, part string, args ...string) (first string, end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), helperVar+"="+part)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err1 != nil || err2 != nil || cmd.Start() != nil {
		t.Fatalf("start helper %s: %v, %v", part, err1, err2)
	}
	end = func() {
		cmd.Process.Kill()
		cmd.Wait()
		in.Close()
	}
	t.Cleanup(end)
	first, _ = bufio.NewReader(out).ReadString('\n')
	return first, end
}

// newHome is a home of the test's own.
func newHome(t *testing.T) *Home {
	t.Helper()
	h, err := Open(t.TempDir() + "/home")
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// publish makes a visible task and gives its draft, still locked.
func publish(t *testing.T, h *Home, id string) *Draft {
	t.Helper()
	d, err := h.Draft(id, []byte("{}\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Publish(); err != nil {
		t.Fatal(err)
	}
	return d
}
