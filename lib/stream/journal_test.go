package stream

import (
	"os"
	"path/filepath"
	"testing"

	"bgtasks/lib/codec"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// ignore is a sink for those who care for the way alone.
type ignore struct{}

func (ignore) Bootstrap(*Bootstrap) error { return nil }
func (ignore) Hear(*codec.Event)          {}
func (ignore) Event(*journalLine) error   { return nil }

// A reader whose place is removed while it looks for it begins anew, wherever it
// was: with a bootstrap, with its steps, or at the last events.
func TestReaderOfAJournalThatShrinks(t *testing.T) {
	h, err := store.Open(t.TempDir() + "/home")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.Path(), "config.json"), []byte(`{"journal":{"maxBytes":1}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	event := &record.Event{Name: record.EventStep, TaskID: "t", Labels: []byte(`"tags":[],"kind":"command"`),
		State: &record.State{Run: 1, Attempt: 1, State: record.Running}}
	write := func(lines int) {
		for range lines {
			if err := h.Append(event); err != nil {
				t.Error(err)
				return
			}
		}
	}
	write(20)
	for i := range 60 {
		done := make(chan struct{})
		go func() {
			write(40) // two segments and more, of which one is kept
			close(done)
		}()
		o := AllEvents()
		o.Bootstrap, o.Shape.Steps = true, 3
		if i%2 == 1 {
			o.Bootstrap, o.Last = false, 2
		}
		s := &stream{home: h, o: &o, to: ignore{}, audience: newAudience(o.Subscription, false), most: o.Most}
		err := s.begin()
		if err == nil && o.Last >= 0 {
			err = s.skipToLast()
		}
		s.close()
		<-done
		if err != nil {
			t.Fatalf("begin with bootstrap %t, last %d = %v, want nil", o.Bootstrap, o.Last, err)
		}
	}
}
