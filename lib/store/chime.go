package store

import (
	"bytes"
	"errors"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Chime is one bell for many tasks: a FIFO with a name in the bells/ of each, which
// ends with a dot and a number. Whoever rings there writes the number. It costs one
// descriptor, however many tasks it hangs at.
type Chime struct {
	bell  *Bell // nil before the first is hung up; its path is the newest name
	names int
}

// Hang hangs the chime up in dir. The error of a chime that can't be hung up once more,
// because its last name is gone or it has as many as the file system allows, is
// ErrChimeFull: another is needed.
func (c *Chime) Hang(dir string, kind BellKind, number uint64) (path string, err error) {
	if err := bellsDir(dir); err != nil {
		return "", err
	}
	name := bellName(kind) + "." + strconv.FormatUint(number, 10)
	if c.bell == nil {
		if c.bell, err = hang(dir, name); err != nil {
			return "", err
		}
		c.names++
		return c.bell.path, nil
	}
	path = filepath.Join(dir, name)
	if err := unix.Link(c.bell.path, path); err != nil {
		return "", errors.Join(ErrChimeFull, err)
	}
	c.names++
	c.bell.path = path
	return path, nil
}

// ErrChimeFull says that a chime can't be hung up at another task.
var ErrChimeFull = errors.New("the bell can't be hung up once more")

// TakeDown removes a name. That its task took it along is no error. silent tells that
// it was the last: the chime is then to be closed.
func (c *Chime) TakeDown(path string) (silent bool, err error) {
	c.names--
	return c.names == 0, removeIfThere(path)
}

// FD is readable once the chime was rung.
func (c *Chime) FD() int { return c.bell.fd }

// Close lets go of the FIFO.
func (c *Chime) Close() error { return unix.Close(c.bell.fd) }

// Drain makes the chime quiet, and gives the numbers that were written, some more than
// once. all tells that others may have been rung too: somebody rang who knows of no
// numbers, or found the FIFO full. Look at what may have changed after Drain, not
// before: a ring in between is then not lost.
func (c *Chime) Drain() (numbers []uint64, all bool) {
	var heard bytes.Buffer
	buf := make([]byte, 16<<10)
	for {
		n, err := unix.Read(c.bell.fd, buf)
		heard.Write(buf[:max(n, 0)])
		if n < len(buf) || err != nil {
			break
		}
	}
	all = heard.Len() > room(c.bell.fd)/2
	for word := range bytes.SplitSeq(heard.Bytes(), []byte("\n")) {
		rest := bytes.TrimLeft(word, anyWord)
		all = all || len(rest) < len(word)
		if number, err := strconv.ParseUint(string(rest), 10, 64); err == nil {
			numbers = append(numbers, number)
		}
	}
	return numbers, all
}

// leastRoom is what a pipe holds at least, be the user's others as many as they will
// (pipe(7)).
const leastRoom = 4096
