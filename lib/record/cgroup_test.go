package record

import "testing"

func TestCgroupTask(t *testing.T) {
	const token, home = "00112233445566778899aabbccddeeff", "/home/a"
	for _, c := range []struct{ name, want string }{
		{CgroupName("web-1", token, home), "web-1"},
		{CgroupName("web-1", "", home), "web-1"},
		{CgroupName("web-1", "", "/home/b"), ""},
		{"web", ""},
		{"-" + token, ""},
		{"web-" + token + ".scope", ""},
		{"web-" + token[1:], ""},
		{"", ""},
	} {
		if got := CgroupTask(c.name, home); got != c.want {
			t.Errorf("CgroupTask(%q, %q) = %q, want %q", c.name, home, got, c.want)
		}
	}
}

// What users name is not taken for ours, whatever it begins with.
func TestIsCgroupName(t *testing.T) {
	const token = "00112233445566778899aabbccddeeff"
	for name, want := range map[string]bool{
		CgroupName("web", token, ""):           true,
		CgroupName("web", "", "/home/a"):       false,
		"web.scope":                            false,
		"web-" + token + ".service":            false,
		"web-00112233445566778899AABBCCDDEEFF": false,
		"web-" + token + "0":                   false,
		"a/web-" + token:                       false,
		"web":                                  false,
		"":                                     false,
	} {
		if got := IsCgroupName(name); got != want {
			t.Errorf("IsCgroupName(%q) = %t, want %t", name, got, want)
		}
	}
}
