package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// makeGroups makes a control group of this name in each hierarchy, below the one
// that this process is in, and returns their paths. On failure none is left.
func makeGroups(name string) ([]string, error) {
	var made []string
	for _, parent := range ownGroups(content("/proc/self/cgroup"), content("/proc/self/mounts")) {
		group := filepath.Join(parent, name)
		if err := os.Mkdir(group, 0o755); err != nil {
			removeGroups(made)
			return nil, fmt.Errorf("%w (%w)", errNoGroup, err)
		}
		made = append(made, group)
	}
	if len(made) == 0 {
		return nil, errNoGroup
	}
	return made, nil
}

// ownGroups are the directories of the control groups of a process, from the texts
// of its cgroup file, see cgroups(7), and of its mounts. Hierarchies that have
// no place in the file system are left out, and so is cpuset of version 1,
// which takes no process before it has been set up.
func ownGroups(cgroup, mounts string) (paths []string) {
	for line := range strings.Lines(cgroup) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 || parts[1] == "cpuset" {
			continue
		}
		if root := hierarchy(mounts, parts[1]); root != "" {
			paths = append(paths, filepath.Join(root, parts[2]))
		}
	}
	return paths
}

// hierarchy finds where the hierarchy of these controllers is mounted; that of
// version 2 has none.
func hierarchy(mounts, controllers string) string {
	for line := range strings.Lines(mounts) {
		words := strings.Fields(line)
		if len(words) < 4 {
			continue
		}
		unified := words[2] == "cgroup2" && controllers == ""
		older := words[2] == "cgroup" && controllers != "" && holdsAll(words[3], controllers)
		if unified || older {
			return words[1]
		}
	}
	return ""
}

// holdsAll tells whether mount options name all these controllers.
func holdsAll(options, controllers string) bool {
	have := strings.Split(options, ",")
	for controller := range strings.SplitSeq(controllers, ",") {
		if !slices.Contains(have, controller) {
			return false
		}
	}
	return true
}
