package shim

import "time"

// Output that comes a little at a time, again and again, rests in its pipe for a
// moment: to be woken for each line would cost more than to write it down. Network
// drivers do so under the name of interrupt moderation.
const (
	rest   = 5 * time.Millisecond
	little = 4 << 10 // bytes in that time; who writes more must not be held up by a full pipe
)

// pace tells whether output rests.
type pace struct {
	last time.Time // when some was taken last
}

// took notes how many bytes were taken just now, and tells whether more may rest.
func (p *pace) took(n int, now time.Time) (rests bool) {
	since := now.Sub(p.last)
	slow := time.Duration(n)*rest < little*since
	if n > 0 {
		p.last = now
	}
	return n > 0 && slow && since < 2*rest
}
