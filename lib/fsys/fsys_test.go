package fsys

import (
	"errors"
	"io"
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

func TestRemoveAll(t *testing.T) {
	dir := t.TempDir()
	kept := filepath.Join(dir, "kept")
	tree := filepath.Join(dir, "tree")
	for _, d := range []string{kept, filepath.Join(tree, "a", "b")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{filepath.Join(kept, "f"), filepath.Join(tree, "f"), filepath.Join(tree, "a", "b", "f")} {
		if err := os.WriteFile(f, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(kept, filepath.Join(tree, "a", "link")); err != nil {
		t.Fatal(err)
	}
	if err := RemoveAll(tree); err != nil {
		t.Errorf("RemoveAll = %v, want nil", err)
	}
	if _, err := os.Lstat(tree); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after RemoveAll the tree is there: %v", err)
	}
	if _, err := os.Lstat(filepath.Join(kept, "f")); err != nil {
		t.Errorf("RemoveAll followed a link: %v", err)
	}
	if err := RemoveAll(tree); err != nil {
		t.Errorf("RemoveAll of nothing = %v, want nil", err)
	}
}

func TestPipe(t *testing.T) {
	r, w, err := Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString("abc"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got, err := io.ReadAll(r); string(got) != "abc" || err != nil {
		t.Errorf("read from the pipe = %q, %v, want abc", got, err)
	}
}

// TestReadFileIsBounded holds that what has no end, or none that a record can have, is
// refused before it fills the memory.
func TestReadFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "record")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int64]error{MaxRecord: nil, MaxRecord + 1: ErrTooLarge, 1 << 40: ErrTooLarge} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		if b, err := ReadFile(path); !errors.Is(err, want) || err == nil && int64(len(b)) != size {
			t.Errorf("ReadFile of %d bytes = %d bytes, %v, want %v", size, len(b), err, want)
		}
	}
	if _, err := ReadFile("/dev/zero"); !errors.Is(err, ErrTooLarge) {
		t.Errorf("ReadFile(/dev/zero) = %v, want %v", err, ErrTooLarge)
	}
}
