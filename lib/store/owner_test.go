package store

import (
	"errors"
	"testing"

	"bgtasks/lib/record"
)

func TestOwner(t *testing.T) {
	h, err := Open(t.TempDir() + "/home")
	if err != nil {
		t.Fatal(err)
	}
	if got := h.Owner(); got != nil {
		t.Errorf("Owner of a home without one = %+v, want nil", got)
	}
	taker := record.Process{BootID: "boot", PID: 7, StartTicks: 8, PIDNS: 9, TimeNS: 10}
	for _, want := range []Owner{
		{BootID: "boot", Machine: "id", Node: "web 1"},
		{BootID: "boot", Node: ""},
		{BootID: "boot", Machine: "id", Node: "web", Taker: taker},
	} {
		if err := h.SetOwner(&want); err != nil {
			t.Fatal(err)
		}
		if got := h.Owner(); got == nil || *got != want {
			t.Errorf("Owner after SetOwner(%+v) = %+v", want, got)
		}
	}
	for _, text := range []string{"", "\n", "boot id 0 0 0 0 web", "boot id x 0 0 0 web\n", "boot id 0 0 web\n", " id 0 0 0 0 web\n"} {
		if got := parseOwner(text); got != nil {
			t.Errorf("parseOwner(%q) = %+v, want nil", text, got)
		}
	}
}

// A home of another host is read, and not written to.
func TestAway(t *testing.T) {
	h, err := Open(t.TempDir() + "/home")
	if err != nil {
		t.Fatal(err)
	}
	h.LeaveTo(&Owner{BootID: "another", Node: "web"})
	if h.Away() == nil || h.Host() != "web" {
		t.Errorf("Away() = %v, Host() = %q, want an error and web", h.Away(), h.Host())
	}
	if err := h.Append(&record.Event{Name: record.EventStarted, TaskID: "t", State: &record.State{}}); !errors.Is(err, h.Away()) {
		t.Errorf("Append in a home of another host = %v, want %v", err, h.Away())
	}
	if end, err := h.JournalEnd(); end != 0 || err != nil {
		t.Errorf("JournalEnd() = %d, %v, want 0 and no error", end, err)
	}
}
