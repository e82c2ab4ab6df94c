package record

import "testing"

func TestCgroupTask(t *testing.T) {
	name := CgroupName("web-1", "/home/a")
	if id, ok := CgroupTask(name, "/home/a"); id != "web-1" || !ok {
		t.Errorf("CgroupTask(%q, its home) = %q, %t, want web-1, true", name, id, ok)
	}
	for _, c := range []struct{ name, home string }{{name, "/home/b"}, {"web", "/home/a"}, {cgroupMark("/home/a"), "/home/a"}, {"", ""}} {
		if id, ok := CgroupTask(c.name, c.home); ok {
			t.Errorf("CgroupTask(%q, %q) = %q, true, want false", c.name, c.home, id)
		}
	}
}
