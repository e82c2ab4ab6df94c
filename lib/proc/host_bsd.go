//go:build darwin || freebsd

package proc

import (
	"strings"

	"golang.org/x/sys/unix"
)

// machineID is kern.hostuuid of FreeBSD.
func machineID() string {
	id, err := unix.Sysctl("kern.hostuuid")
	if err != nil || strings.ContainsAny(id, " \n") {
		return ""
	}
	return id
}
