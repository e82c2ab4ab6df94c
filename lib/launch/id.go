package launch

import (
	"encoding/base32"
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// sortable is base32 with an alphabet in ASCII order, so that encoded numbers
// sort as the numbers do.
var sortable = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// NewID makes an id for a task created at t: "bg_", then 48 bits of Unix
// milliseconds and 32 random bits. Ids sort by creation time; the random bits
// keep two starts in one millisecond apart.
func NewID(t time.Time) string {
	var raw [10]byte
	binary.BigEndian.PutUint64(raw[:8], uint64(t.UnixMilli())<<16)
	binary.BigEndian.PutUint32(raw[6:], rand.Uint32())
	return "bg_" + sortable.EncodeToString(raw[:])
}
