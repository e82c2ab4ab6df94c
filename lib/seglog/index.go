package seglog

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os"
	"sort"
	"time"

	"bgtasks/lib/fsys"
)

const entrySize = 16

// entry says that the byte at offset arrived at time, in nanoseconds since
// 1970. The bytes up to the next entry arrived within a second after it.
type entry struct{ time, offset int64 }

// plausible tells an entry from what a damaged file may hold.
func (e entry) plausible() bool {
	const since, until, most = 1e18, 4e18, 1 << 50 // the years 2001 and 2096, a pebibyte
	return e.time > since && e.time < until && e.offset >= 0 && e.offset < most
}

func decodeEntry(b []byte) entry {
	return entry{int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint64(b[8:]))}
}

// index writes output.idx. Whatever fails here is ignored: bytes are worth more
// than their times, and a missing entry only makes lookups coarser.
type index struct {
	path string   // "" once it could not be made
	file *os.File // nil until there is an entry
	size int64
	last int64 // time of the last entry; only valid if size > 0

	written int64 // the offset of the last entry that was found
	buf     [entrySize]byte
}

// open continues the index at path and cuts off an entry that a crash tore, and
// entries for bytes past end that a power failure took from the log. One that is not
// there is made with its first entry: many tasks write nothing.
func (x *index) open(path string, end int64) {
	f, size, err := openPlain(path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		x.path = path
	}
	if err != nil {
		return
	}
	x.path, x.file, x.size = path, f, size-size%entrySize
	for x.size > 0 {
		if _, err := f.ReadAt(x.buf[:], x.size-entrySize); err != nil {
			break
		}
		e := decodeEntry(x.buf[:])
		if x.last = e.time; e.plausible() {
			x.written = max(x.written, e.offset)
		}
		if e.offset < end {
			break
		}
		x.size -= entrySize
	}
	if x.size != size {
		_ = f.Truncate(x.size)
	}
}

// arrived notes that the byte at offset arrives now, unless the last entry is
// less than a second old. A clock that was set back gets an entry at once, so
// that the rule of [entry] holds on both sides of the step.
func (x *index) arrived(now time.Time, offset int64) {
	ns := now.UnixNano()
	if x.size > 0 && ns >= x.last && ns-x.last < int64(time.Second) || !x.made() {
		return
	}
	x.look()
	binary.BigEndian.PutUint64(x.buf[:], uint64(ns))
	binary.BigEndian.PutUint64(x.buf[8:], uint64(offset))
	if _, err := x.file.WriteAt(x.buf[:], x.size); err == nil {
		x.size += entrySize
		x.last = ns
	}
}

// look notices that the index was removed, replaced or cut by others. One that can
// still be read is put in its place again.
func (x *index) look() {
	if !fsys.IsAt(x.file, x.path) {
		if f, err := x.without(0, 0); err == nil {
			x.file.Close()
			x.file = f
		}
	}
	if st, err := fsys.Stat(x.file); err == nil && st.Size < x.size {
		x.size = st.Size - st.Size%entrySize
	}
}

// made tells whether there is a file, and makes it if there was none.
func (x *index) made() bool {
	if x.file == nil && x.path != "" {
		f, _, err := openPlain(x.path, os.O_RDWR|os.O_CREATE)
		if err != nil {
			x.path = ""
			return false
		}
		x.file = f
	}
	return x.file != nil
}

// minForget is how many bytes of entries are worth a rewrite of the index.
const minForget = 64 << 10

// forget drops the entries for [start, end), which are no longer stored, once
// they are half of the index: an endless task must not have an endless index.
// The last of them stays, for the bytes that follow. A crash leaves the old
// index and perhaps a file output.idx.new, which the next time overwrites.
func (x *index) forget(start, end int64) {
	if x.file == nil || x.size < 2*minForget {
		return
	}
	from, to := x.search(start), x.search(end)-1
	if n := int64(to-from) * entrySize; n < minForget || n < x.size/2 {
		return
	}
	f, err := x.without(int64(from)*entrySize, int64(to)*entrySize)
	if err != nil {
		return
	}
	x.file.Close()
	x.file = f
	x.size -= int64(to-from) * entrySize
}

// search is the number of the first entry for a byte at offset or later.
func (x *index) search(offset int64) int {
	return sort.Search(int(x.size/entrySize), func(i int) bool {
		_, err := x.file.ReadAt(x.buf[:], int64(i)*entrySize)
		return err != nil || decodeEntry(x.buf[:]).offset >= offset
	})
}

// without replaces the index by a copy that lacks the bytes [from, to).
func (x *index) without(from, to int64) (*os.File, error) {
	f, _, err := openPlain(x.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return nil, err
	}
	_, err1 := io.Copy(f, io.NewSectionReader(x.file, 0, from))
	_, err2 := io.Copy(f, io.NewSectionReader(x.file, to, x.size-to))
	err = errors.Join(err1, err2)
	if err == nil {
		err = fsys.Rename(f.Name(), x.path)
	}
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, err
	}
	return f, nil
}
