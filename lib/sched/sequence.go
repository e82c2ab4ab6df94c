package sched

import (
	"errors"
	"os"
	"strconv"
	"strings"

	"bgtasks/lib/fsys"
)

// sequenceWidth is how the next sequence number is written: always in the same
// place, so that one write replaces it.
const sequenceWidth = 16

// sequence takes n consecutive numbers and gives the first.
func (x *index) sequence(n int) (int64, error) {
	f, err := fsys.Open(x.path(seqFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	raw := make([]byte, sequenceWidth)
	next := int64(1)
	if got, _ := f.ReadAt(raw, 0); got > 0 {
		if next, err = strconv.ParseInt(string(raw[:got]), 10, 64); err != nil || got != sequenceWidth {
			if next, err = x.lastSequence(); err != nil {
				return 0, err
			}
			next++
		}
	}
	return next, x.writeSequence(f, next+int64(n))
}

func (x *index) writeSequence(f *os.File, next int64) error {
	digits := strconv.FormatInt(next, 10)
	_, err := f.WriteAt([]byte(strings.Repeat("0", sequenceWidth-len(digits))+digits+"\n"), 0)
	return err
}

// lastSequence is the highest number that an open task has.
func (x *index) lastSequence() (last int64, err error) {
	ids, err := x.home.LiveIDs()
	for _, id := range ids {
		if f, err := look(x.home, id); err == nil && f.spec.Schedule != nil {
			last = max(last, f.spec.Schedule.Sequence)
		}
	}
	return last, err
}

func (x *index) resetSequence(next int64) error {
	f, err := fsys.Open(x.path(seqFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(x.writeSequence(f, next), f.Close())
}
