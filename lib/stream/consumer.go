package stream

import (
	"errors"
	"fmt"
	"io/fs"

	"bgtasks/lib/cli"
	"bgtasks/lib/events"
	"bgtasks/lib/fault"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
)

const (
	// ackEvery is after how many events a reader that acknowledges by itself does:
	// each time costs three syncs of the disk, and what was not acknowledged comes
	// again after a crash.
	ackEvery = 256

	// ackDistance is after how many bytes of events that nobody wants it does, or, if
	// that is less, after how many of those that are kept. What it has not acknowledged
	// may be gone when it comes again.
	ackDistance = 1 << 20
	ackPart     = 8
)

// CheckConsumer refuses what can't be a consumer's name.
func CheckConsumer(flag, name string) error {
	if !record.ValidID(name) {
		return fault.Usage("%s: expected a name of %s, got %q", flag, record.IDGrammar, name)
	}
	return nil
}

// busy says that somebody reads in a consumer's name already.
func busy(name string) error {
	const hint = "one process at a time reads as a consumer; take another name for another reader"
	return &fault.Failure{Type: "CommandInputError", Message: fmt.Sprintf("consumer %q is being read by another process", name),
		Code: fault.CodeNo, Retryable: true, Hint: hint,
		Details: []fault.Detail{fault.With("field", "consumer"), fault.With("consumer", name), fault.With("hint", hint)}}
}

// enlist makes the consumer known, and this process its only reader until the
// lock is freed.
func (s *stream) enlist() (*store.Lock, error) {
	if err := s.home.AddConsumer(s.o.Consumer); err != nil {
		return nil, fmt.Errorf("add consumer %q: %w", s.o.Consumer, err)
	}
	s.distance = ackDistance
	if kept := s.home.JournalRetention().Bytes; kept > 0 {
		s.distance = min(s.distance, kept/ackPart)
	}
	lock, err := s.home.ReadAs(s.o.Consumer)
	if errors.Is(err, store.ErrLocked) {
		return nil, busy(s.o.Consumer)
	}
	if err != nil {
		return nil, fmt.Errorf("lock consumer %q: %w", s.o.Consumer, err)
	}
	return lock, nil
}

// acknowledged is the consumer's cursor, -1 if it has none.
func (s *stream) acknowledged() (int64, error) {
	c, err := events.Acknowledged(s.home, s.o.Consumer)
	if err != nil || c == nil {
		return -1, err
	}
	s.acked = c.Cursor
	return c.Cursor, nil
}

// acknowledge puts out what was given, and then records that, if the reader is
// one that acknowledges by itself. Where nothing was given, that waits until so many
// bytes were read.
func (s *stream) acknowledge(distance int64) error {
	at := s.reader.Cursor()
	if !s.o.AutoAck || s.unacked == 0 && at-s.acked < distance {
		return nil
	}
	if err := s.call.Out.Flush(); err != nil {
		return err
	}
	if err := events.Acknowledge(s.home, s.o.Consumer, at); err != nil {
		return err
	}
	s.acked, s.unacked = at, 0
	return nil
}

// AckData is what JSON mode tells of an acknowledgement.
type AckData struct {
	Consumer string `json:"consumer"`
	Cursor   int64  `json:"cursor"`
}

// Acknowledge records that a consumer is done with all events up to a cursor.
func Acknowledge(c *cli.Call, name string, cursor int64) (*AckData, error) {
	h, err := c.ExistingHome()
	if h == nil && err == nil {
		err = &events.ConsumerNotFoundError{Name: name}
	}
	if err == nil {
		err = cli.Own(h)
	}
	if err == nil {
		err = events.Acknowledge(h, name, cursor)
	}
	if err != nil {
		return nil, ackFailure(name, err)
	}
	return &AckData{name, cursor}, nil
}

// ForgetConsumer removes a consumer that nobody reads as.
func ForgetConsumer(h *store.Home, name string) error {
	lock, err := h.ReadAs(name)
	switch {
	case errors.Is(err, store.ErrLocked):
		return busy(name)
	case errors.Is(err, fs.ErrNotExist):
		return &events.ConsumerNotFoundError{Name: name}
	case err != nil:
		return fmt.Errorf("lock consumer %q: %w", name, err)
	}
	defer lock.Unlock()
	if err := h.ForgetConsumer(name); err != nil {
		return fmt.Errorf("forget consumer %q: %w", name, err)
	}
	return nil
}

// ackFailure is an acknowledgement of what is no cursor; any other error is left as it is.
func ackFailure(name string, err error) error {
	var old *seglog.TooOldError
	var bad *seglog.BadCursorError
	if !errors.As(err, &old) && !errors.As(err, &bad) {
		return err
	}
	hint := "acknowledge the cursor of a line that was read"
	return &fault.Failure{Type: "CommandInputError", Message: err.Error(), Code: fault.CodeUsage, Hint: hint,
		Details: []fault.Detail{fault.With("field", "ack"), fault.With("consumer", name), fault.With("hint", hint)}}
}
