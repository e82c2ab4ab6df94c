package launch

import (
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"bgtasks/lib/record"
)

// sortable is base32 with an alphabet in ASCII order, so that encoded numbers
// sort as the numbers do.
var sortable = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// counter begins at a random number, in the lower half so that it does not
// overflow, and counts the ids that this process makes.
var counter atomic.Uint32

func init() { counter.Store(rand.Uint32() >> 1) }

// NewID returns an id for a task created at t: "bg_", then 48 bits of Unix
// milliseconds and 32 bits of a counter that begins at random. Ids sort by creation
// time; ids of one process also sort within a millisecond. The random beginning keeps
// the ids of two processes in one millisecond apart.
func NewID(t time.Time) string {
	var raw [10]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(t.UnixMilli())<<16)
	binary.BigEndian.PutUint32(raw[6:], counter.Add(1))
	return "bg_" + sortable.EncodeToString(raw[:])
}

// newToken makes a run token, see [record.Spec.RunToken]. It tells runs apart and keeps
// no secret: whoever may read the home can read it.
func newToken() string {
	var raw [record.TokenLen / 2]byte
	binary.BigEndian.PutUint64(raw[:8], rand.Uint64())
	binary.BigEndian.PutUint64(raw[8:], rand.Uint64())
	return hex.EncodeToString(raw[:])
}
