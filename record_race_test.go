package bgtasks_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"bgtasks/lib/store"
)

// TestP1ReplaceIsWhole is lesson 18: pm2 #2827 #3485, bgtask (src). 32 write
// and read one record at the same time, and every read is one whole record.
func TestP1ReplaceIsWhole(t *testing.T) {
	const writers, readers, rounds = 16, 16, 200
	dir := t.TempDir()
	path := filepath.Join(dir, store.StateFile)
	if err := store.Replace(path, oneRecord(0, 0)); err != nil {
		t.Fatal(err)
	}
	var writing, reading sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range rounds {
				if err := store.Replace(path, oneRecord(w, i)); err != nil {
					t.Errorf("Replace = %v", err)
				}
			}
		})
	}
	written := make(chan struct{})
	for range readers {
		reading.Go(func() { readUntil(t, path, written) })
	}
	writing.Wait()
	close(written)
	reading.Wait()
	expectOnly(t, dir, store.StateFile)
}

// oneRecord is a record whose length and contents tell who wrote it.
func oneRecord(writer, round int) []byte {
	filler := strings.Repeat(strconv.Itoa(writer%10), 100+writer*997+round)
	b, _ := json.Marshal(map[string]any{"writer": writer, "round": round, "filler": filler})
	return b
}

// readUntil reads the record until done, once more after that, and checks each.
func readUntil(t *testing.T, path string, done <-chan struct{}) {
	for last := false; !last; {
		select {
		case <-done:
			last = true
		default:
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("read while it is replaced = %v, want a record", err)
			return
		}
		var r struct{ Writer, Round int }
		if err := json.Unmarshal(got, &r); err != nil || !bytes.Equal(got, oneRecord(r.Writer, r.Round)) {
			t.Errorf("read %d bytes (%v), want one whole record", len(got), err)
			return
		}
	}
}

func expectOnly(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() != name {
			t.Errorf("%s was left behind", e.Name())
		}
	}
}
