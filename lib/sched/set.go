package sched

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

// set is an ordered set of tasks in a tree of directories. An entry is an empty
// file whose path, below the set's, is its place in the order: 16 hex digits as
// 11/1/1/1/1/1, then a dot, the id, and a comma and the tag if there is one. However
// many entries there are, the first is found by reading one directory of each level,
// of which all but the first have sixteen names at most, and the first has few, be
// the keys numbers that follow each other or times. Larger directories would be
// fewer, but to list one costs as much as it has names.
//
// Whoever changes a set holds the lock of the index. A crash leaves at most empty
// directories, which the next reader removes.
type set struct {
	dir   string
	above int    // how many of the directories above it go when it is empty
	blank string // an empty file for entries to be linked to, which costs less than making them; "" for none
}

// entry is a task's place in a set.
type entry struct {
	key uint64
	id  string
	tag string // hash of the task's concurrency key, "" for none
}

// levels are the digits of the names of directories, level by level. The rest is in
// the names of the entries.
var levels = [...]int{11, 1, 1, 1, 1}

const (
	keyDigits  = 16
	leafDigits = 1
)

// path is where the entry's file is.
func (s set) path(e entry) string {
	key := strconv.FormatUint(e.key, 16)
	key = strings.Repeat("0", keyDigits-len(key)) + key
	path := s.dir
	for _, n := range levels {
		path, key = path+"/"+key[:n], key[n:]
	}
	path += "/" + key + "." + e.id
	if e.tag != "" {
		path += "," + e.tag
	}
	return path
}

// add makes an entry. One that is there already is left.
func (s set) add(e entry) error {
	path := s.path(e)
	if s.blank != "" {
		if err := unix.Link(s.blank, path); err == nil || errors.Is(err, unix.EEXIST) {
			return nil
		}
	}
	err := create(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = create(path)
		}
	}
	return err
}

// create makes an empty file.
func create(path string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return &fs.PathError{Op: "create", Path: path, Err: err}
	}
	return unix.Close(fd)
}

// remove removes an entry, and directories that it leaves empty, the set's own
// included. There need not be one.
func (s set) remove(e entry) error {
	path := s.path(e)
	if err := unix.Unlink(path); err != nil {
		if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
			return nil
		}
		return &fs.PathError{Op: "remove", Path: path, Err: err}
	}
	s.prune(filepath.Dir(path))
	return nil
}

// move puts an entry into another set, in one step.
func (s set) move(e entry, to set) error {
	from, path := s.path(e), to.path(e)
	err := fsys.Rename(from, path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = fsys.Rename(from, path)
		}
	}
	if err == nil {
		s.prune(filepath.Dir(from))
	}
	return err
}

// prune removes a directory of the set if it is empty, then the one that holds it
// and so on.
func (s set) prune(dir string) {
	last := s.dir
	for range s.above {
		last = filepath.Dir(last)
	}
	for unix.Rmdir(dir) == nil && dir != last {
		dir = filepath.Dir(dir)
	}
}

// count counts the entries. It needs no lock; what changes meanwhile may count or
// not.
func (s set) count() (n int, err error) {
	c := &cursor{set: s, lockless: true}
	for more := true; more && err == nil; {
		more, err = c.advance()
		n += len(c.leaf)
		c.leaf = nil
	}
	return n, err
}

// cursor walks over a set in order. What is added before its place is not seen;
// what is removed may be.
type cursor struct {
	set      set
	lockless bool // whoever reads has no lock, and removes nothing
	started  bool
	frames   []frame // of each level that was begun
	leaf     []entry // entries still to be given
}

// frame is a directory of directories that is being walked through.
type frame struct {
	at    string   // its path below the set
	names []string // those still to be read
}

func (s set) cursor() *cursor { return &cursor{set: s} }

// peek gives the entry at the cursor; ok is false at the end.
func (c *cursor) peek() (e entry, ok bool, err error) {
	for len(c.leaf) == 0 {
		if more, err := c.advance(); err != nil || !more {
			return e, false, err
		}
	}
	return c.leaf[0], true, nil
}

// skip goes on to the next entry, after a peek.
func (c *cursor) skip() { c.leaf = c.leaf[1:] }

// advance reads the next directory of entries. It may be empty.
func (c *cursor) advance() (more bool, err error) {
	if !c.started {
		c.started = true
		if err := c.push(""); err != nil {
			return false, err
		}
	}
	for len(c.frames) > 0 {
		f := &c.frames[len(c.frames)-1]
		if len(f.names) == 0 {
			c.frames = c.frames[:len(c.frames)-1]
			continue
		}
		at := f.at + "/" + f.names[0]
		f.names = f.names[1:]
		if len(c.frames) == len(levels) {
			return true, c.readLeaf(at)
		}
		if err := c.push(at); err != nil {
			return false, err
		}
	}
	return false, nil
}

// push begins a directory of directories.
func (c *cursor) push(at string) error {
	names, err := digits(c.set.dir+at, levels[len(c.frames)])
	c.drop(len(names), c.set.dir+at)
	c.frames = append(c.frames, frame{at, names})
	return err
}

// readLeaf reads a directory of entries.
func (c *cursor) readLeaf(at string) error {
	names, err := namesIn(c.set.dir + at)
	c.drop(len(names), c.set.dir+at)
	slices.Sort(names)
	key := strings.ReplaceAll(at, "/", "")
	for _, name := range names {
		if e, ok := parseEntry(key, name); ok {
			c.leaf = append(c.leaf, e)
		}
	}
	return err
}

// drop removes a directory in which a crash left nothing.
func (c *cursor) drop(n int, dir string) {
	if n == 0 && !c.lockless {
		c.set.prune(dir)
	}
}

// parseEntry reads the name of an entry's file in the directory of these digits.
func parseEntry(at, name string) (e entry, ok bool) {
	if len(name) < leafDigits+2 || name[leafDigits] != '.' {
		return e, false
	}
	key, err := strconv.ParseUint(at+name[:leafDigits], 16, 64)
	if err != nil {
		return e, false
	}
	e.key = key
	e.id, e.tag, _ = strings.Cut(name[leafDigits+1:], ",")
	return e, record.ValidID(e.id)
}

// digits lists the directories in dir that are named by so many hex digits, in
// order.
func digits(dir string, n int) ([]string, error) {
	names, err := namesIn(dir)
	names = slices.DeleteFunc(names, func(name string) bool {
		return len(name) != n || strings.Trim(name, "0123456789abcdef") != ""
	})
	slices.Sort(names)
	return names, err
}

// namesIn lists a directory; one that is not there, or is none, is empty.
func namesIn(dir string) ([]string, error) {
	names, err := fsys.Names(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return nil, nil
	}
	return names, err
}
