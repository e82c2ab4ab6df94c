package shim

import (
	"math"
	"slices"

	"golang.org/x/sys/unix"

	"bgtasks/lib/store"
)

// output is all that a supervisor does with what the task writes: one stream, or two
// with separate ones.
type output struct {
	streams   []*stream
	tees      []*tee
	followers followers
	pace      pace
}

// openTees opens the files and FIFOs that get a copy. A FIFO without a reader is no
// error: one may come. The path is that of one that can't be opened.
func (o *output) openTees(paths []string) (path string, err error) {
	for _, path := range paths {
		t := &tee{path: path, fd: -1}
		if err := t.open(); err != nil {
			return path, err
		}
		o.tees = append(o.tees, t)
	}
	for _, st := range o.streams {
		st.tees = o.tees
	}
	return "", nil
}

// polled adds what poll(2) is asked about the streams.
func (o *output) polled(set []unix.PollFd, resting bool) []unix.PollFd {
	for _, st := range o.streams {
		fd := int32(st.fd)
		if st.eof || resting {
			fd = -1 // ignored by poll(2)
		}
		set = append(set, unix.PollFd{Fd: fd, Events: unix.POLLIN})
	}
	return set
}

// take takes what has come by the streams that poll(2) has told of, or by all if they
// rested. It tells how many bytes that was.
func (o *output) take(polled []unix.PollFd, rested bool) (taken int) {
	for i, st := range o.streams {
		if rested || polled[i].Revents != 0 {
			taken += st.pump()
		}
	}
	return taken
}

// drain takes what the pipes hold at this moment.
func (o *output) drain() {
	for _, st := range o.streams {
		st.drain()
	}
}

func (o *output) sync() {
	for _, st := range o.streams {
		st.log.Sync()
	}
}

// closed tells whether nobody holds the output open any more.
func (o *output) closed() bool {
	return !slices.ContainsFunc(o.streams, func(st *stream) bool { return !st.eof })
}

// held tells whether someone has a FIFO of the output open for writing.
func (o *output) held() bool { return slices.ContainsFunc(o.streams, (*stream).held) }

// marks are where the logs are now.
func (o *output) marks() (output, errors int64) {
	output = o.streams[0].log.Offset()
	if len(o.streams) > 1 {
		errors = o.streams[1].log.Offset()
	}
	return output, errors
}

// teeMissed is how many bytes the readers of copies did not get.
func (o *output) teeMissed() (n int64) {
	for _, t := range o.tees {
		n += t.missed
	}
	return n
}

// lost tells, once, that output is missing from a log because the disk was full or the
// cap was reached.
func (o *output) lost() bool {
	for _, st := range o.streams {
		if st.log.Dropped() > st.dropped {
			o.lossIsTold()
			return true
		}
	}
	return false
}

// lossIsTold makes lost say no for ever.
func (o *output) lossIsTold() {
	for _, st := range o.streams {
		st.dropped = math.MaxInt64
	}
}

// followers are the bells of those who follow the log.
type followers struct {
	dir   string
	ropes []store.Rope
	some  bool // more hang there than are kept open
}

// open looks anew for those who follow, and rings once: what was written before they
// came is then looked at too.
func (f *followers) open() {
	for _, rope := range f.ropes {
		rope.Close()
	}
	ropes, all := store.OpenBells(f.dir, store.BellLog)
	f.ropes, f.some = ropes, !all
	f.strike()
}

// strike tells them that the log grew.
func (f *followers) strike() {
	if f.some {
		store.Ring(f.dir, store.BellLog)
		return
	}
	heard := f.ropes[:0]
	for _, rope := range f.ropes {
		if rope.Pull() {
			heard = append(heard, rope)
		} else {
			rope.Close()
		}
	}
	f.ropes = heard
}
