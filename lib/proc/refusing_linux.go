package proc

import (
	"bytes"
	"strconv"
)

// realUser reads the line "Uid:" of proc_pid_status(5).
func realUser(pid int) (uid int, ok bool) {
	b, err := readSmall("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0, false
	}
	_, rest, _ := bytes.Cut(b, []byte("\nUid:"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	words := bytes.Fields(line)
	if len(words) == 0 {
		return 0, false
	}
	uid, err = strconv.Atoi(string(words[0]))
	return uid, err == nil
}
