package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// The most that is read of what the caller names, in bytes: whatever has no end must
// not fill the memory.
const (
	maxInput   = 64 << 20 // a payload, or words, in a file or on standard input: a batch of some hundred thousand tasks
	maxValue   = 4 << 20  // a result, with the space between its parts
	maxEnvFile = 4 << 20  // twice what a program can be started with, as a rule (execve(2))
)

// tooLongError says that an input is longer than its bound.
type tooLongError struct {
	name string
	most int
}

func (e *tooLongError) Error() string {
	return fmt.Sprintf("%s is longer than %d MiB", e.name, e.most>>20)
}

func boundsFailure(err error) *Failure {
	var long *tooLongError
	if !errors.As(err, &long) {
		return nil
	}
	return inputFailure(long.Error(), Detail{"expected", fmt.Sprintf("at most %d bytes", long.most)})
}

// readFile reads a file that the caller names, if it has at most so many bytes.
func readFile(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > int64(most) {
		return nil, &tooLongError{path, most}
	}
	return readAll(f, path, most)
}

// readAll reads to the end, if that comes within so many bytes. The pieces are put
// together only then: what is too long is refused with no more than that in memory.
func readAll(from io.Reader, name string, most int) ([]byte, error) {
	var pieces [][]byte
	size := 4 << 10
	for total := 0; ; {
		piece := make([]byte, size)
		n, err := io.ReadFull(from, piece)
		pieces = append(pieces, piece[:n])
		if total += n; total > most {
			return nil, &tooLongError{name, most}
		}
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return bytes.Join(pieces, nil), nil
		}
		if err != nil {
			return nil, err
		}
		size = min(2*size, 1<<20)
	}
}
