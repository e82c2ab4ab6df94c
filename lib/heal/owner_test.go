package heal

import (
	"testing"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/test/testhome"
)

// TestSettle tells a reboot from another host.
func TestSettle(t *testing.T) {
	here, err := thisHost()
	if err != nil {
		t.Fatal(err)
	}
	reboot, renamed, other := *here, *here, *here
	reboot.BootID = "00000000-0000-0000-0000-000000000000"
	renamed.Node += "x"
	other.BootID, other.Node = reboot.BootID, renamed.Node
	for _, c := range []struct {
		name         string
		owner        *store.Owner
		open, writes bool
		away         bool
		left         *store.Owner
	}{
		{"nobody's, reading", nil, true, false, false, nil},
		{"nobody's, writing", nil, true, true, false, here},
		{"ours", here, true, true, false, here},
		{"this boot under another name", &renamed, true, true, false, &renamed},
		{"rebooted, reading", &reboot, true, false, false, &reboot},
		{"rebooted, writing", &reboot, true, true, false, here},
		{"another's, reading", &other, true, false, true, &other},
		{"another's, writing", &other, true, true, true, &other},
		{"another's, idle, reading", &other, false, false, true, &other},
		{"another's, idle, writing", &other, false, true, false, here},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := testhome.New(t)
			if c.owner != nil {
				if err := h.SetOwner(c.owner); err != nil {
					t.Fatal(err)
				}
			}
			if c.open {
				if err := h.MarkLive("t"); err != nil {
					t.Fatal(err)
				}
			}
			Settle(h, c.writes)
			if away := h.Away() != nil; away != c.away {
				t.Errorf("Settle(writes: %t) makes it away = %t, want %t", c.writes, away, c.away)
			}
			if got := h.Owner(); (got == nil) != (c.left == nil) || got != nil && *got != *c.left {
				t.Errorf("Settle(writes: %t) leaves owner %+v, want %+v", c.writes, got, c.left)
			}
		})
	}
}

// What a run has left is open too, though no marker tells of it.
func TestIdleSeesLeftovers(t *testing.T) {
	h := testhome.New(t)
	state := &record.State{Run: 1, Attempt: 1, State: record.Succeeded, Reason: record.SelfExit, UpdatedAt: testhome.Time}
	testhome.PutWaiting(t, h, testhome.Scheduled(t, "t"), state, nil)
	if err := h.UnmarkLive("t"); err != nil {
		t.Fatal(err)
	}
	if !idle(h) {
		t.Error("idle() of a home with an ended task = false, want true")
	}
	state.Leftovers = 1
	if err := store.Replace(h.TaskDir("t")+"/"+store.StateFile, append(state.AppendJSON(nil), '\n')); err != nil {
		t.Fatal(err)
	}
	if idle(h) {
		t.Error("idle() of a home with leftovers = true, want false")
	}
}
