package store

import (
	"bytes"
	"errors"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// Chime is one bell for many tasks: a FIFO with a name in the bells/ of each task, which
// ends with a dot and a number. A process that rings writes the number. A chime costs one
// descriptor for any number of tasks.
type Chime struct {
	bell  *Bell // nil before the first is hung up; its path is the newest name
	names int
}

// Hang gives the chime a name in dir. The error is ErrChimeFull if the chime can't get
// another name, because its last name is gone or the file system allows no more names;
// then another chime is needed.
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

// ErrChimeFull says that a chime can't get a name at another task.
var ErrChimeFull = errors.New("the bell can't be hung up once more")

// TakeDown removes a name. A name that was removed with its task is no error. silent
// reports that it was the last name; the caller then closes the chime.
func (c *Chime) TakeDown(path string) (silent bool, err error) {
	c.names--
	return c.names == 0, removeIfThere(path)
}

// FD is readable once the chime was rung.
func (c *Chime) FD() int { return c.bell.fd }

// Close closes the FIFO.
func (c *Chime) Close() error { return unix.Close(c.bell.fd) }

// Drain silences the chime, and returns the written numbers, some more than once. all
// reports that any task may have been rung: a process rang without a number, or found
// the FIFO full. Look for changes after Drain, not before, so that a ring in between is
// not lost.
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
