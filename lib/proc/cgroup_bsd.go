//go:build darwin || freebsd

package proc

// Cgroup is a cgroup of Linux: here there are none.
type Cgroup struct{}

// NewCgroup returns ErrUnsupported.
func NewCgroup(string, func(string) bool) (*Cgroup, error) { return nil, ErrUnsupported }

// OpenCgroup returns ErrUnsupported.
func OpenCgroup(string, string) (*Cgroup, error) { return nil, ErrUnsupported }

// LeaveCgroup returns ErrUnsupported.
func LeaveCgroup(func(string) bool) (string, error) { return "", ErrUnsupported }

// CgroupBase returns ErrUnsupported.
func CgroupBase(func(string) bool) (string, error) { return "", ErrUnsupported }

// CgroupsIn lists nothing.
func CgroupsIn(string) []string { return nil }

// CgroupName is empty.
func CgroupName(string) string { return "" }

// Path is empty.
func (c *Cgroup) Path() string { return "" }

// Events is no descriptor.
func (c *Cgroup) Events() int { return -1 }

// Kill returns ErrUnsupported.
func (c *Cgroup) Kill() error { return ErrUnsupported }

// Populated is false.
func (c *Cgroup) Populated() bool { return false }

// OOMKilled is not known.
func (c *Cgroup) OOMKilled() bool { return false }

// Remove does nothing.
func (c *Cgroup) Remove() {}

// Close does nothing.
func (c *Cgroup) Close() {}

func (c *Cgroup) members() []Stat { return nil }
func (c *Cgroup) seal()           {}
