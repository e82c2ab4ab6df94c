package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine is where the figures were taken. An empty word is one that could not be
// found out.
type machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Memory     string `json:"memory"`
	Kernel     string `json:"kernel"`
	System     string `json:"system"`
	Filesystem string `json:"filesystem"`
	Load       string `json:"loadBefore"` // the three averages of proc_loadavg(5)
	Go         string `json:"go"`
}

// lookAround describes this machine, and the file system that a directory is on.
func lookAround(dir string) machine {
	return machine{
		CPU:        field("/proc/cpuinfo", "model name"),
		Cores:      runtime.NumCPU(),
		Memory:     field("/proc/meminfo", "MemTotal"),
		Kernel:     kernel(),
		System:     strings.Trim(assignment("/etc/os-release", "PRETTY_NAME"), `"`),
		Filesystem: filesystem(content("/proc/self/mounts"), dir),
		Load:       firstWords(content("/proc/loadavg"), 3),
		Go:         runtime.Version(),
	}
}

func content(path string) string {
	data, _ := os.ReadFile(path)
	return string(data)
}

// kernel is what uname(1) -srm says, without asking another program.
func kernel() string {
	release := strings.TrimSpace(content("/proc/sys/kernel/osrelease"))
	return strings.TrimSpace(runtime.GOOS + " " + release + " " + runtime.GOARCH)
}

// field finds "name : value" in a file.
func field(path, name string) string { return lineValue(path, name, ":") }

// assignment finds NAME=value in a file.
func assignment(path, name string) string { return lineValue(path, name, "=") }

func lineValue(path, name, separator string) string {
	for line := range strings.Lines(content(path)) {
		key, value, found := strings.Cut(line, separator)
		if found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// filesystem finds the type of the file system of a directory in the text of
// proc_pid_mounts(5): the longest mount point above it, the last one of equals.
func filesystem(mounts, dir string) string {
	longest, kind := -1, ""
	for line := range strings.Lines(mounts) {
		words := strings.Fields(line)
		if len(words) < 3 {
			continue
		}
		at := strings.TrimSuffix(words[1], "/")
		if (dir == at || strings.HasPrefix(dir, at+"/")) && len(at) >= longest {
			longest, kind = len(at), words[2]
		}
	}
	return kind
}

func firstWords(text string, n int) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(n, len(words))], " ")
}

func (m machine) markdown() string {
	var out strings.Builder
	out.WriteString("| machine | |\n|---|---|\n")
	rows := []struct{ name, value string }{
		{"cpu", m.CPU}, {"cores", fmt.Sprint(m.Cores)}, {"memory", m.Memory}, {"kernel", m.Kernel}, {"system", m.System},
		{"file system of the tasks", m.Filesystem}, {"load before", m.Load}, {"Go", m.Go},
	}
	for _, r := range rows {
		if r.value != "" {
			fmt.Fprintf(&out, "| %s | %s |\n", r.name, cell(r.value))
		}
	}
	return out.String() + "\n"
}
