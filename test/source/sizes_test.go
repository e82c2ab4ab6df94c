package source

import (
	"os"
	"path/filepath"
	"testing"

	"bgtasks/test/suite"
)

// TestProgramSizes bounds the programs: every task has a bg-shim in memory, and
// every prompt a verb on its way there.
func TestProgramSizes(t *testing.T) {
	const shimMax, verbMax = 2_500_000, 6_000_000
	dir := suite.Build(t).Bin
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		limit := int64(verbMax)
		if e.Name() == "bg-shim" {
			limit = shimMax
		}
		info, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > limit {
			t.Errorf("size of %s = %d bytes, want at most %d", e.Name(), info.Size(), limit)
		}
	}
}
