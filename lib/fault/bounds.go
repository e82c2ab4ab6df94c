package fault

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
	MaxInput   = 64 << 20 // a payload, or words, in a file or on standard input: a batch of some hundred thousand tasks
	MaxValue   = 4 << 20  // a result, with the space between its parts
	MaxEnvFile = 4 << 20  // twice what a program can be started with, as a rule (execve(2))
)

// TooLongError says that an input is longer than its bound.
type TooLongError struct {
	name string
	most int
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("%s is longer than %d MiB", e.name, e.most>>20)
}

// TooLong is the failure of a *TooLongError, nil for any other error.
func TooLong(err error) *Failure {
	var long *TooLongError
	if !errors.As(err, &long) {
		return nil
	}
	return Input(long.Error(), Detail{"expected", fmt.Sprintf("at most %d bytes", long.most)})
}

// ReadFile reads a file that the caller names, if it has at most so many bytes.
func ReadFile(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Size() > int64(most) {
		return nil, &TooLongError{path, most}
	}
	return ReadAll(f, path, most)
}

// ReadAll reads to the end, if that comes within so many bytes. The pieces are put
// together only then: what is too long is refused with no more than that in memory.
func ReadAll(from io.Reader, name string, most int) ([]byte, error) {
	var pieces [][]byte
	size := 4 << 10
	for total := 0; ; {
		piece := make([]byte, size)
		n, err := io.ReadFull(from, piece)
		pieces = append(pieces, piece[:n])
		if total += n; total > most {
			return nil, &TooLongError{name, most}
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
