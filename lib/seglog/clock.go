package seglog

import (
	"sort"
	"time"
)

// Clock looks up when bytes of a log arrived. It keeps a piece of the time index, for a
// caller that asks about many bytes in order.
type Clock struct {
	log  *Reader
	all  []entry // in the order of offsets
	head bool    // there are none before these
	more bool    // there are some after these
	end  int64   // of the log, when they were read
}

// clockEntries is how many entries are kept: 64 KiB of them.
const clockEntries = 4096

// NewClock reads nothing yet.
func (r *Reader) NewClock() *Clock { return &Clock{log: r} }

// At returns when the byte at off arrived, to the second, and the offset up to which the
// same time applies. known is false if the time index has no time for the byte.
func (c *Clock) At(off int64) (at time.Time, until int64, known bool) {
	at, until, known, read := c.find(off)
	if !read {
		c.read(off)
		at, until, known, _ = c.find(off)
	}
	return at, max(until, off+1), known
}

// find looks into the piece that is kept. read is false if it does not reach so far.
func (c *Clock) find(off int64) (at time.Time, until int64, known, read bool) {
	i := sort.Search(len(c.all), func(i int) bool { return c.all[i].offset > off })
	until, read = c.end, off < c.end
	switch {
	case i < len(c.all):
		until, read = c.all[i].offset, true
	case c.more:
		read = false
	}
	if i == 0 {
		return at, until, false, read && c.head
	}
	return time.Unix(0, c.all[i-1].time), until, true, read
}

// read reads the piece that begins with the entry for off.
func (c *Clock) read(off int64) {
	c.all, c.head, c.more = c.all[:0], true, false
	c.end, _ = c.log.stored()
	f, size, err := c.log.openIndex()
	if err != nil || f == nil {
		return
	}
	defer f.Close()
	count := int(size / entrySize)
	first := sort.Search(count, func(i int) bool {
		e, err := readEntry(f, int64(i))
		return err != nil || e.offset > off
	})
	first = max(first-1, 0)
	buf := make([]byte, entrySize*min(count-first, clockEntries))
	n, _ := f.ReadAt(buf, int64(first)*entrySize)
	for b := buf[:n-n%entrySize]; len(b) > 0; b = b[entrySize:] {
		c.all = append(c.all, decodeEntry(b))
	}
	c.head, c.more = first == 0, first+len(c.all) < count
}
