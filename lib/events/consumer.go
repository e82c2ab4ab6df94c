package events

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"bgtasks/lib/codec"
	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// Consumer is a named reader of the journal, as verbs print it.
type Consumer struct {
	Name           string `json:"name"`
	Cursor         *int64 `json:"cursor"` // null if nothing was acknowledged yet
	AcknowledgedAt string `json:"acknowledgedAt,omitempty"`
	Behind         int64  `json:"behindBytes"`          // of the journal, what was not acknowledged
	Reading        bool   `json:"reading"`              // somebody reads in its name now
	Unreadable     string `json:"unreadable,omitempty"` // why its cursor can't be read
}

// UnreadableConsumerError says that a consumer's cursor.json can't be read.
type UnreadableConsumerError struct {
	Name string
	Err  error
}

func (e *UnreadableConsumerError) Error() string {
	return fmt.Sprintf("read the cursor of consumer %q: %v", e.Name, e.Err)
}

func (e *UnreadableConsumerError) Unwrap() error { return e.Err }

// ConsumerNotFoundError says that no consumer has this name.
type ConsumerNotFoundError struct{ Name string }

func (e *ConsumerNotFoundError) Error() string { return fmt.Sprintf("no consumer %q", e.Name) }

// BackwardsError says that a later event than this one was acknowledged already.
type BackwardsError struct {
	Name          string
	Cursor, Acked int64
}

func (e *BackwardsError) Error() string {
	return fmt.Sprintf("consumer %q has acknowledged cursor %d already, which is after %d", e.Name, e.Acked, e.Cursor)
}

// Acknowledged reads how far a consumer has come; nil if it has acknowledged
// nothing. The error is *ConsumerNotFoundError if there is none of that name, or
// *UnreadableConsumerError.
func Acknowledged(h *store.Home, name string) (*record.Consumer, error) {
	data, err := fsys.ReadFile(filepath.Join(h.ConsumerDir(name), store.CursorFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) && fsys.Exists(h.ConsumerDir(name)):
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &ConsumerNotFoundError{name}
	}
	var c *record.Consumer
	if err == nil {
		c, err = codec.ParseConsumer(data)
	}
	if err != nil {
		return nil, &UnreadableConsumerError{name, err}
	}
	return c, nil
}

// Acknowledge records that a consumer is done with all events up to a cursor. It
// is on the disk then, and so are the events. The same cursor again changes
// nothing. The error is *ConsumerNotFoundError, *BackwardsError, those of
// seglog.OpenJournalReader, or what the store met; nothing is changed then.
func Acknowledge(h *store.Home, name string, cursor int64) error {
	lock, err := h.LockAcks(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &ConsumerNotFoundError{name}
	}
	if err != nil {
		return fmt.Errorf("lock consumer %q: %w", name, err)
	}
	defer lock.Unlock()
	before, err := Acknowledged(h, name)
	switch {
	case err != nil:
		return err
	case before != nil && cursor == before.Cursor:
		return nil
	case before != nil && cursor < before.Cursor:
		// Beyond its own end a journal has no order any more.
		if end, err := h.Journal().End(); err != nil || end >= before.Cursor {
			return errors.Join(err, &BackwardsError{name, cursor, before.Cursor})
		}
	}
	return acknowledge(h, name, cursor)
}

func acknowledge(h *store.Home, name string, cursor int64) error {
	r, err := seglog.OpenJournalReader(h.EventsDir(), cursor)
	if err != nil {
		return err
	}
	r.Close()
	if err := seglog.SyncBefore(h.EventsDir(), cursor); err != nil {
		return err
	}
	dir := h.ConsumerDir(name)
	_ = store.SweepAcks(dir) // what stays takes room, and hinders nobody
	now := record.Consumer{Name: name, Cursor: cursor, AcknowledgedAt: time.Now()}
	if err := store.Replace(filepath.Join(dir, store.CursorFile), append(now.AppendJSON(nil), '\n')); err != nil {
		return fmt.Errorf("record the cursor of consumer %q: %w", name, err)
	}
	return store.SyncDir(dir)
}

// Consumers gives the named readers of the journal, by name. One whose cursor
// can't be read hides no other.
func Consumers(h *store.Home) ([]Consumer, error) {
	names, err := h.Consumers()
	if err != nil {
		return nil, err
	}
	end, err := h.Journal().End()
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	list := []Consumer{}
	for _, name := range names {
		c, err := consumer(h, name, end)
		if missing := (*ConsumerNotFoundError)(nil); errors.As(err, &missing) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, *c)
	}
	return list, nil
}

// consumer looks at one of them, end being that of the journal.
func consumer(h *store.Home, name string, end int64) (*Consumer, error) {
	c := &Consumer{Name: name, Behind: end}
	at, err := Acknowledged(h, name)
	switch unreadable := (*UnreadableConsumerError)(nil); {
	case errors.As(err, &unreadable):
		c.Unreadable = unreadable.Err.Error()
	case err != nil:
		return nil, err
	case at != nil:
		c.Cursor, c.AcknowledgedAt, c.Behind = &at.Cursor, view.TimeOf(at.AcknowledgedAt), max(end-at.Cursor, 0)
	}
	if c.Reading, err = h.BeingRead(name); err != nil {
		return nil, fmt.Errorf("look at consumer %q: %w", name, err)
	}
	return c, nil
}
