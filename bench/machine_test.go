package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestFilesystem(t *testing.T) {
	const mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/x xfs rw 0 0\n/dev/c /tmp/x btrfs rw 0 0\nbroken\n"
	for dir, want := range map[string]string{"/": "ext4", "/home/u": "ext4", "/tmp": "tmpfs", "/tmpfoo": "ext4", "/tmp/x/y": "btrfs"} {
		if got := filesystem(mounts, dir); got != want {
			t.Errorf("filesystem(%q) = %q, want %q", dir, got, want)
		}
	}
}

func TestLineValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("processor\t: 0\nmodel name\t: A CPU: fast\nmodel name\t: B\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := field(path, "model name"); got != "A CPU: fast" {
		t.Errorf("field = %q, want the first value, whole", got)
	}
	if got := field(path+"-not-there", "x"); got != "" {
		t.Errorf("field of no file = %q, want nothing", got)
	}
}

func TestFirstWords(t *testing.T) {
	if got := firstWords("1 2 3 4/5 6", 3); got != "1 2 3" {
		t.Errorf("firstWords = %q", got)
	}
	if got := firstWords("1", 3); got != "1" {
		t.Errorf("firstWords of one = %q", got)
	}
}

func TestOwnGroups(t *testing.T) {
	const hybrid = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n" +
		"cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n" +
		"cgroup /sys/fs/cgroup/cpuset cgroup rw,cpuset 0 0\n" +
		"cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0\n" +
		"cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
	for _, c := range []struct {
		name, cgroup, mounts string
		want                 []string
	}{
		{"unified", "0::/user.slice/a\n", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", []string{"/sys/fs/cgroup/user.slice/a"}},
		{"hybrid", "3:cpuset:/\n2:cpu,cpuacct:/x\n1:name=systemd:/\n0::/\n", hybrid,
			[]string{"/sys/fs/cgroup/cpu,cpuacct/x", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"}},
		{"not mounted", "0::/\n", "proc /proc proc rw 0 0\n", nil},
	} {
		if got := ownGroups(c.cgroup, c.mounts); !slices.Equal(got, c.want) {
			t.Errorf("%s: ownGroups = %q, want %q", c.name, got, c.want)
		}
	}
}
