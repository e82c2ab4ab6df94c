package fsys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

func TestNames(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for i := range 500 {
		name := "a-name-that-takes-some-room-" + strconv.Itoa(i)
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	got, err := Names(dir)
	slices.Sort(got)
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Names gave %d names, %v, want the %d that are there", len(got), err, len(want))
	}
	if _, err := Names(filepath.Join(dir, "absent")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Names of nothing: %v, want ErrNotExist", err)
	}
}

func TestRenameAndStat(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := os.WriteFile(from, []byte("abc"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Rename(from, to); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if st, err := Stat(f); st.Size != 3 || err != nil {
		t.Errorf("Stat = %d bytes, %v, want 3", st.Size, err)
	}
	if err := Rename(from, to); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Rename of nothing: %v, want ErrNotExist", err)
	}
}
