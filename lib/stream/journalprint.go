package stream

import (
	"encoding/json"
	"slices"
	"strconv"

	"bgtasks/lib/cli"
	"bgtasks/lib/codec"
	"bgtasks/lib/events"
	"bgtasks/lib/fault"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// journalPrinter prints what is read as lines of JSON.
type journalPrinter struct {
	call     *cli.Call
	o        *JournalOptions
	past     *events.Past
	percents percents
	percent  *float64 // how far the task of the last event has come, if that is known
	known    bool
	buf      []byte
}

func newJournalPrinter(c *cli.Call, h *store.Home, o *JournalOptions) *journalPrinter {
	return &journalPrinter{call: c, o: o, past: events.NewPast(h), percents: percents{}}
}

// Hear takes note of what an entry tells beside its event.
func (p *journalPrinter) Hear(e *codec.Event) {
	if p.o.Entries {
		p.percent, p.known = p.percents.after(e)
	}
}

// Bootstrap prints one.
func (p *journalPrinter) Bootstrap(b *Bootstrap) error {
	clear(p.percents)
	if p.o.Entries {
		return p.call.Line(resetEntry(b))
	}
	return p.call.Line(b)
}

// Event prints one.
func (p *journalPrinter) Event(l *journalLine) error {
	line, err := p.line(l)
	if err != nil {
		return err
	}
	_, err = p.call.Out.Write(append(line, '\n'))
	return err
}

// line makes the line about an event, without its newline. It is valid until the
// next one.
func (p *journalPrinter) line(l *journalLine) ([]byte, error) {
	if p.o.Entries {
		return p.entry(l)
	}
	event := l.Line[:len(l.Line)-1]
	if p.o.live() {
		t, err := p.past.At(l.Event, l.Cursor)
		if err != nil {
			return nil, err
		}
		snapshot, err := fault.Marshal(t)
		if err != nil {
			return nil, err
		}
		event = l.Event.AppendTo(nil, l.Line, snapshot)
	}
	p.buf = appendEvent(p.buf[:0], l, event)
	return p.buf, nil
}

// entry makes an entry. That of a task which was there before the first event that
// was read tells how far it has come by the task's own files.
func (p *journalPrinter) entry(l *journalLine) ([]byte, error) {
	if !p.known {
		t, err := p.past.At(l.Event, l.Cursor)
		if err != nil {
			return nil, err
		}
		if t != nil {
			p.percent = t.Progress.Percent
		}
	}
	return fault.Marshal(newEntry(l, p.percent))
}

// appendEvent puts an event into the object that bg-events prints of it.
func appendEvent(b []byte, l *journalLine, event []byte) []byte {
	b = append(b, `{"type":"event","cursor":`...)
	b = strconv.AppendInt(b, l.Cursor, 10)
	b = append(b, `,"timestamp":"`...)
	b = append(record.AppendTime(b, l.Event.Time), '"')
	if l.Left {
		b = append(b, `,"left":true`...)
	}
	if l.Known {
		b = append(b, `,"known":true`...)
	}
	if l.Assumed {
		b = append(b, `,"assumed":true`...)
	}
	b = append(append(b, `,"event":`...), event...)
	return append(b, '}')
}

// JournalPage is a part of the journal.
type JournalPage struct {
	Cursor    int64 // after it
	More      bool  // something is after it
	Bootstrap *Bootstrap
	Lines     []json.RawMessage
}

// pageSink keeps what is read.
type pageSink struct {
	journalPrinter
	page JournalPage
}

// Bootstrap keeps one.
func (p *pageSink) Bootstrap(b *Bootstrap) error {
	p.page.Bootstrap = b
	return nil
}

// Event keeps one.
func (p *pageSink) Event(l *journalLine) error {
	line, err := p.line(l)
	p.page.Lines = append(p.page.Lines, slices.Clone(line))
	return err
}

// CollectJournal gives what the options ask for, as it would be printed, up to
// the end of the journal or as many events as are wanted.
func CollectJournal(c *cli.Call, h *store.Home, o JournalOptions) (*JournalPage, error) {
	sink := &pageSink{journalPrinter: *newJournalPrinter(c, h, &o)}
	s, err := readJournal(c, h, &o, sink)
	if err != nil {
		return nil, err
	}
	end, err := h.Journal().End()
	sink.page.Cursor = s.reader.Cursor()
	sink.page.More = end > sink.page.Cursor
	return &sink.page, err
}
