package stream

import (
	"errors"
	"io"
	"os"
	"slices"
	"syscall"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/codec"
	"bgtasks/lib/events"
	"bgtasks/lib/payload"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/watch"
)

// JournalOptions say which events are printed, and how.
type JournalOptions struct {
	Subscription
	Cursor    int64 // -1 for none
	Last      int   // of what is there already only so many; -1 for all
	Most      int   // stop after so many; -1 for no bound
	Follow    bool
	Entries   bool             // in the presentation form
	Bootstrap bool             // begin with one, where no cursor tells how to go on
	Shape     BootstrapOptions // of that, and of one that a cursor that is too old makes necessary
	Consumer  string           // whose cursor it is; "" for none
	AutoAck   bool             // acknowledge what was put out

	Seen func(*codec.Event) // is told of every event that was read, wanted or not; or nil
}

// live tells that lines are for a reader that follows what happens: with
// snapshots, and with the events by which tasks leave.
func (o *JournalOptions) live() bool { return o.Follow || o.Consumer != "" }

// AllEvents is all that is there, as it is.
func AllEvents() JournalOptions {
	return JournalOptions{Cursor: -1, Last: -1, Most: -1, Shape: BootstrapOptions{Limit: -1}}
}

// defaultMaxEvents is how many events an envelope holds when not told.
const defaultMaxEvents = 1000

// OptionsOf gives a payload in the journal's terms.
func OptionsOf(p *payload.JournalPayload) JournalOptions {
	o := AllEvents()
	o.Filter, o.Names = p.Filter(), payload.Words(p.Events)
	o.Follow, o.Entries = p.Follow, p.Entries
	o.Consumer, o.AutoAck = string(p.Consumer), p.AutoAck
	o.Bootstrap = p.Begins()
	o.Shape.Steps = int(max(p.Steps, p.Recent))
	o.Shape.Uncounted = p.Limit != nil
	if p.Aggregate != nil {
		o.Shape.Uncounted = !*p.Aggregate
	}
	if p.Cursor != nil {
		o.Cursor = int64(*p.Cursor)
	}
	if p.Limit != nil {
		o.Shape.Limit = int(*p.Limit)
	}
	switch {
	case p.MaxEvents != 0:
		o.Most = int(p.MaxEvents)
	case !p.Follow:
		o.Most = defaultMaxEvents
	}
	return o
}

// PrintJournal prints events, one a line, and goes on with what comes if that
// is wanted, until the reader of stdout goes away or the call is interrupted.
func PrintJournal(c *cli.Call, h *store.Home, o JournalOptions) error {
	_, err := readJournal(c, h, &o, newJournalPrinter(c, h, &o))
	return err
}

// journalSink takes what is read. Lines are valid during the call alone.
type journalSink interface {
	Bootstrap(*Bootstrap) error
	Hear(*codec.Event) // one that was read, whether Event follows or not
	Event(*journalLine) error
}

// journalLine is an event on its way out.
type journalLine struct {
	Event  *codec.Event
	Line   []byte // as the journal has it
	Cursor int64
	Left   bool // the task fulfils the conditions no longer
	Known  bool // the bootstrap shows already what it tells

	// Assumed tells that the line is in no journal: what it says was found out, and
	// could not be recorded. The cursor is that of the line before it.
	Assumed bool
}

// readJournal gives what the options ask for to the sink.
func readJournal(c *cli.Call, h *store.Home, o *JournalOptions, to journalSink) (s *stream, err error) {
	s = &stream{call: c, home: h, o: o, to: to, audience: newAudience(o.Subscription, o.live()), most: o.Most}
	if o.Consumer != "" || o.Follow {
		if err := cli.Own(h); err != nil {
			return nil, err
		}
	}
	if o.Consumer != "" {
		lock, err := s.enlist()
		if err != nil {
			return nil, err
		}
		defer lock.Unlock()
	}
	if o.Follow {
		if err := s.watch(); err != nil {
			return nil, err
		}
		defer s.watcher.Close()
	}
	defer s.close()
	if err := s.begin(); err != nil {
		return nil, err
	}
	if err := s.mindAll(); err != nil {
		return nil, err
	}
	return s, s.run()
}

// stream is the journal on its way to a sink.
type stream struct {
	call     *cli.Call
	home     *store.Home
	o        *JournalOptions
	to       journalSink
	audience *audience
	watcher  *watch.Watcher
	reader   *seglog.JournalReader
	cut      *events.Cut // of the last bootstrap, nil if there was none
	most     int         // that may still be given; negative for any number
	unacked  int         // given since the last acknowledgement
	acked    int64
	distance int64           // after how many bytes of events that nobody wants they are acknowledged
	stirred  map[string]bool // followed tasks that may have got another supervisor
}

func (s *stream) close() {
	if s.reader != nil {
		s.reader.Close()
	}
}

// watch hangs up the bell before anything is looked at.
func (s *stream) watch() (err error) {
	if s.watcher, err = watch.New(s.home); err != nil {
		return err
	}
	if s.call.Stdout != nil {
		s.watcher.AddFD(int(s.call.Stdout.Fd()))
	}
	return s.watcher.AddJournal()
}

// begin finds the place, with a bootstrap if there is none to go on from.
func (s *stream) begin() (err error) {
	cursor, first := s.o.Cursor, false
	if s.o.Consumer != "" {
		if cursor, err = s.acknowledged(); err != nil {
			return err
		}
		first = cursor < 0
	}
	switch {
	case cursor >= 0:
		return s.resume(cursor)
	case s.o.Bootstrap && s.o.Last < 0:
		return s.bootstrap(&Bootstrap{First: first})
	}
	s.reader, err = openOldest(s.home)
	return err
}

// resume goes on from a cursor. Where events after it are gone, the tasks as they
// are now tell what became of them.
func (s *stream) resume(cursor int64) (err error) {
	s.reader, err = openSegment(s.home, cursor)
	var bad *seglog.BadCursorError
	lost := s.o.Consumer != "" && errors.As(err, &bad) // the journal's end was, in a power failure
	if !lost && !s.canReset(err) {
		return err
	}
	return s.reset()
}

// canReset tells whether a new bootstrap helps against the error. A consumer has
// nobody who could give it another cursor.
func (s *stream) canReset(err error) bool {
	return (s.o.Bootstrap || s.o.Entries && s.o.live() || s.o.Consumer != "") && tooOld(err)
}

func tooOld(err error) bool {
	var old *seglog.TooOldError
	return errors.As(err, &old)
}

// reset says that events are gone, and goes on: after the tasks as they are now,
// or in the presentation form, which has no tasks, with the oldest event.
func (s *stream) reset() error {
	oldest, err := openOldest(s.home)
	if err != nil {
		return err
	}
	at := oldest.Cursor()
	if !s.o.Entries {
		oldest.Close()
		return s.bootstrap(&Bootstrap{Reset: true, Oldest: &at})
	}
	s.close()
	s.reader = oldest
	return s.to.Bootstrap(&Bootstrap{Cursor: at, Timestamp: Now(), Reset: true, Oldest: &at})
}

// bootstrap gives one, marked as told, and goes on after it. If the journal is
// cut short meanwhile, what it tells is too old, too.
func (s *stream) bootstrap(mark *Bootstrap) error {
	for {
		b, cut, members, err := newBootstrap(s.home, s.o.Subscription, s.o.Shape, s.audience.leaving)
		if err == nil {
			s.close()
			s.reader, err = openSegment(s.home, b.Cursor)
		}
		if s.canReset(err) {
			continue
		}
		if err != nil {
			return err
		}
		s.audience.begin(members)
		s.cut, s.unacked = cut, s.unacked+1
		b.Consumer, b.First, b.Reset, b.Oldest = s.o.Consumer, mark.First, mark.Reset, mark.Oldest
		return s.to.Bootstrap(b)
	}
}

// openOldest begins with the first event that is kept. Segments may be removed
// while it is looked for.
func openOldest(h *store.Home) (*seglog.JournalReader, error) {
	r, err := openSegment(h, 0)
	for old := (*seglog.TooOldError)(nil); errors.As(err, &old); old = nil {
		r, err = openSegment(h, old.Oldest)
	}
	return r, err
}

func openSegment(h *store.Home, cursor int64) (*seglog.JournalReader, error) {
	r, err := seglog.OpenJournalReader(h.EventsDir(), cursor)
	if errors.Is(err, os.ErrNotExist) {
		return nil, &cli.HomeError{Op: "readJournal", Path: h.EventsDir(), Err: err}
	}
	return r, err
}

// run gives what is there, then what comes.
func (s *stream) run() error {
	if s.o.Last >= 0 {
		if err := s.skipToLast(); err != nil {
			return err
		}
	}
	for {
		err := s.drain()
		if s.canReset(err) {
			err = s.again()
		} else if err == nil && s.settled() {
			return s.acknowledge(1)
		} else if err == nil {
			err = s.await()
		}
		if err != nil {
			return err
		}
	}
}

// again begins anew with the tasks as they are now.
func (s *stream) again() error {
	if err := s.reset(); err != nil {
		return err
	}
	return s.mindAll()
}

// settled tells that nothing more is to be given.
func (s *stream) settled() bool { return !s.o.Follow || s.most == 0 }

// await puts out what was given and sleeps until the journal grows.
func (s *stream) await() error {
	if err := s.mindStirred(); err != nil {
		return err
	}
	if err := s.acknowledge(s.distance); err != nil {
		return err
	}
	if err := s.call.Out.Flush(); err != nil {
		return err
	}
	woken, err := s.watcher.Wait(s.call.Context(), time.Time{})
	if err == nil && slices.Contains(woken, watch.Descriptor) {
		return syscall.EPIPE
	}
	if err != nil {
		return err
	}
	return s.mindAgain(woken)
}

// drain gives the events up to the present end of the journal. A line that this
// version can't read is passed over: it would be so for every reader.
func (s *stream) drain() error {
	for s.most != 0 {
		line, cursor, err := s.reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := s.offer(line, cursor); err != nil {
			return err
		}
	}
	return nil
}

func (s *stream) offer(line []byte, cursor int64) error {
	e, err := codec.ParseEvent(line)
	if err != nil {
		return nil
	}
	if s.o.Seen != nil {
		s.o.Seen(e)
	}
	s.stir(e)
	known := s.cut != nil && s.cut.Shows(e)
	return s.give(&journalLine{Event: e, Line: line, Cursor: cursor, Known: known})
}

// give gives a line to the sink if it is wanted.
func (s *stream) give(l *journalLine) (err error) {
	s.to.Hear(l.Event)
	wanted, left := s.audience.wants(l.Event)
	if !wanted {
		return nil
	}
	s.most--
	l.Left = left
	if err := s.to.Event(l); err != nil {
		return err
	}
	if s.unacked++; s.unacked >= ackEvery {
		return s.acknowledge(s.distance)
	}
	return nil
}

// skipToLast moves to the first of so many last events that are wanted. If segments
// are removed meanwhile, the last ones are in what is left.
func (s *stream) skipToLast() error {
	for {
		at, err := s.firstOfLast()
		s.close()
		if err == nil {
			s.reader, err = openSegment(s.home, at)
		}
		if !tooOld(err) {
			return err
		}
		if s.reader, err = openOldest(s.home); err != nil {
			return err
		}
	}
}

// firstOfLast is the cursor before it.
func (s *stream) firstOfLast() (at int64, err error) {
	var starts []int64
	s.audience = newAudience(s.o.Subscription, s.o.live())
	defer func() { s.audience = newAudience(s.o.Subscription, s.o.live()) }()
	for at = s.reader.Cursor(); ; {
		line, cursor, err := s.reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if s.counts(line) {
			starts = append(starts, at)
			starts = starts[max(len(starts)-s.o.Last, 0):]
		}
		at = cursor
	}
	if len(starts) > 0 {
		at = starts[0]
	}
	return at, nil
}

func (s *stream) counts(line []byte) bool {
	e, err := codec.ParseEvent(line)
	if err != nil {
		return false
	}
	if s.o.Seen != nil {
		s.o.Seen(e)
	}
	wanted, _ := s.audience.wants(e)
	return wanted
}
