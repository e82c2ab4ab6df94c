package sched

import (
	"os"
	"strconv"
	"strings"

	"bgtasks/lib/fail"
	"bgtasks/lib/fsys"
	"bgtasks/lib/store"
)

// claimOf is the claim of a scheduled task.
func claimOf(f *facts) *claim {
	s := f.spec
	return &claim{s.ID, s.Run, queueName(s.Schedule.Queue), kindName(s.Kind), keyTag(s)}
}

// claimDraft is the name under which a claim is written. It is no id.
const claimDraft = ".new"

// writeClaim makes a claim whole or not at all.
func (x *index) writeClaim(c *claim) error {
	text := strings.Join([]string{strconv.Itoa(c.run), c.queue, c.kind, c.tag, ""}, "\x00")
	draft := x.path(store.ClaimsDir, claimDraft)
	if err := os.WriteFile(draft, []byte(text), 0o600); err != nil {
		return err
	}
	fail.Pass("claim-rename")
	return fsys.Rename(draft, x.path(store.ClaimsDir, c.id))
}

// lookout makes sure that the end of the task will be noticed.
func (x *index) lookout(id string) error { return create(x.path(store.ClaimsDir, id)) }

// readClaim reads a claim. What is no claim is a lookout.
func (x *index) readClaim(id string) (*claim, error) {
	c := &claim{id: id}
	raw, err := fsys.ReadFile(x.path(store.ClaimsDir, id))
	if err != nil {
		return nil, err
	}
	if f := strings.Split(string(raw), "\x00"); len(f) == 5 {
		c.run, _ = strconv.Atoi(f[0])
		c.queue, c.kind, c.tag = f[1], f[2], f[3]
	}
	return c, nil
}

// count takes a claim into account.
func (x *index) count(c *claim) {
	x.claims[c.id] = c
	if c.lookout() {
		return
	}
	x.queues[c.queue]++
	x.kinds[c.kind]++
	if c.tag != "" {
		x.keys[c.tag] = true
	}
}
