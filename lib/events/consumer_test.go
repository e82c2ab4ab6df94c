package events

import (
	"errors"
	"testing"

	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/test/testhome"
)

// addConsumer makes a consumer, and a journal of so many events.
func addConsumer(t *testing.T, h *store.Home, name string, events int) (cursors []int64) {
	t.Helper()
	if err := h.AddConsumer(name); err != nil {
		t.Fatal(err)
	}
	for range events {
		testhome.Journal(t, h, "t", record.EventStarted, testhome.State(record.Running))
		end, err := h.Journal().End()
		if err != nil {
			t.Fatal(err)
		}
		cursors = append(cursors, end)
	}
	return cursors
}

func TestAcknowledge(t *testing.T) {
	h := testhome.New(t)
	at := addConsumer(t, h, "mailer", 3)
	if c, err := Acknowledged(h, "mailer"); c != nil || err != nil {
		t.Fatalf("Acknowledged = %+v, %v, want none", c, err)
	}
	var missing *ConsumerNotFoundError
	if _, err := Acknowledged(h, "nobody"); !errors.As(err, &missing) {
		t.Errorf("Acknowledged(nobody) = %v, want a *ConsumerNotFoundError", err)
	}
	if err := Acknowledge(h, "nobody", at[0]); !errors.As(err, &missing) {
		t.Errorf("Acknowledge(nobody) = %v, want a *ConsumerNotFoundError", err)
	}
	for _, c := range []struct {
		what   string
		cursor int64
		want   any // what errors.As is to find; nil for no error
		at     int64
	}{
		{"in the middle of a line", at[0] - 1, new(*seglog.BadCursorError), -1},
		{"beyond the end", at[2] + 1, new(*seglog.BadCursorError), -1},
		{"the second", at[1], nil, at[1]},
		{"the same again", at[1], nil, at[1]},
		{"backwards", at[0], new(*BackwardsError), at[1]},
		{"the last", at[2], nil, at[2]},
		{"negative", -1, new(*BackwardsError), at[2]},
	} {
		err := Acknowledge(h, "mailer", c.cursor)
		if ok := c.want == nil && err == nil || c.want != nil && err != nil && errors.As(err, c.want); !ok {
			t.Errorf("Acknowledge(%s) = %v", c.what, err)
		}
		got, err := Acknowledged(h, "mailer")
		if err != nil || (got == nil) != (c.at < 0) || got != nil && got.Cursor != c.at {
			t.Errorf("after %s Acknowledged = %+v, %v, want %d", c.what, got, err, c.at)
		}
	}
}

func TestConsumers(t *testing.T) {
	h := testhome.New(t)
	if list, err := Consumers(h); len(list) != 0 || err != nil {
		t.Errorf("Consumers = %v, %v, want none", list, err)
	}
	at := addConsumer(t, h, "b", 2)
	addConsumer(t, h, "a", 0)
	if err := Acknowledge(h, "b", at[0]); err != nil {
		t.Fatal(err)
	}
	lock, err := h.ReadAs("b")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	if _, err := h.ReadAs("b"); !errors.Is(err, store.ErrLocked) {
		t.Errorf("a second ReadAs = %v, want ErrLocked", err)
	}
	list, err := Consumers(h)
	if err != nil || len(list) != 2 {
		t.Fatalf("Consumers = %+v, %v, want two", list, err)
	}
	if a := list[0]; a.Name != "a" || a.Cursor != nil || a.Behind != at[1] || a.Reading {
		t.Errorf("the first = %+v", a)
	}
	if b := list[1]; b.Name != "b" || *b.Cursor != at[0] || b.Behind != at[1]-at[0] || !b.Reading {
		t.Errorf("the second = %+v", b)
	}
	if err := h.ForgetConsumer("b"); err != nil {
		t.Fatal(err)
	}
	if list, _ := Consumers(h); len(list) != 1 {
		t.Errorf("after ForgetConsumer there are %v", list)
	}
}
