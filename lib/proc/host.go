package proc

import (
	"os"
	"strings"
)

// Host tells which machine this is, by an id of its own, "" if it has none, and by its name in the network (uname(2)).
// Clones of one image may have one id, and machines one name: it takes both.
func Host() (machine, node string) {
	node, err := os.Hostname()
	if err != nil {
		node = ""
	}
	return machineID(), strings.ReplaceAll(node, "\n", " ")
}
