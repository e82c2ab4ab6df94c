package suite

import (
	"fmt"
	"os"
	"testing"
)

// Main is the TestMain of every package of tests: it goes to the root of the
// repository, which all paths in tests begin at, and sees that what the tests
// mount and orphan is theirs alone.
func Main(m *testing.M) {
	isolateMounts()
	adoptOrphans()
	if err := os.Chdir("../.."); err != nil {
		fmt.Fprintln(os.Stderr, "go to the root of the repository:", err)
		os.Exit(1)
	}
	code := m.Run()
	if own != "" {
		os.RemoveAll(own)
	}
	os.Exit(code)
}

// Read gives the text of a file of the repository.
func Read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Verbs lists the commands.
func Verbs(t testing.TB) (names []string) {
	t.Helper()
	entries, err := os.ReadDir("cmd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
