package codec

import (
	"bytes"
	"testing"

	"bgtasks/lib/record"
	"bgtasks/test/testhome"
)

func TestParseProgressRoundTrip(t *testing.T) {
	for _, want := range []*record.Progress{testhome.Progress(), {Run: 3, Attempt: 2}} {
		text := want.AppendJSON(nil)
		got, err := ParseProgress(text)
		if err != nil || !bytes.Equal(got.AppendJSON(nil), text) {
			t.Errorf("ParseProgress(%s) = %+v, %v, want the same again", text, got, err)
		}
	}
	for _, bad := range []string{``, `{}`, `{"v":1,"run":1}`, `{"v":1,"run":1,"attempt":1,"percent":101}`,
		`{"v":1,"run":1,"attempt":1,"meta":[]}`, `{"v":2,"run":1,"attempt":1}`} {
		if _, err := ParseProgress([]byte(bad)); err == nil {
			t.Errorf("ParseProgress(%s) succeeded, want an error", bad)
		}
	}
}

func TestParseStepRoundTrip(t *testing.T) {
	full := testhome.Step(7)
	full.Meta, full.Percent = []byte(`{"a":[1]}`), testhome.Progress().Percent
	for _, want := range []*record.Step{full, testhome.Step(1)} {
		text := want.AppendJSON(nil)
		got, err := ParseStep(text)
		if err != nil || !bytes.Equal(got.AppendJSON(nil), text) {
			t.Errorf("ParseStep(%s) = %+v, %v, want the same again", text, got, err)
		}
	}
	for _, bad := range []string{``, `{`, `{"v":1,"id":1,"taskId":"a","createdAt":"2026-03-01T12:00:00.000Z"}`, `{"v":1,"id":"0","taskId":"a"}`} {
		if _, err := ParseStep([]byte(bad)); err == nil {
			t.Errorf("ParseStep(%s) succeeded, want an error", bad)
		}
	}
}

func TestParseEventWithReports(t *testing.T) {
	p, s := testhome.Progress(), testhome.Step(4)
	line := (&record.Event{Name: record.EventStep, Time: testhome.Time, TaskID: "a", State: testhome.State(record.Running),
		Extra: p.AppendMember(append(s.AppendMember(nil), ','))}).AppendJSON(nil)
	e, err := ParseEvent(line)
	if err != nil || e.Step == nil || e.Step.Sequence != 4 || e.Progress == nil || e.Progress.Label != p.Label {
		t.Errorf("ParseEvent(%s) = %+v, %v, want its step and progress", line, e, err)
	}
}
