package payload

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bgtasks/lib/fault"
	"bgtasks/lib/report"
)

// decodeReport gives what a payload says, or the path of its first fault.
func decodeReport(text string) (*report.Report, string) {
	payloads, _, err := Decode[Report]([]byte(text), "report", false)
	if err == nil {
		return payloads[0].Report("a", report.Origin{}), ""
	}
	var f *fault.Failure
	if !errors.As(err, &f) {
		return nil, err.Error()
	}
	for _, d := range f.Details {
		if issues, ok := d.Value.([]Issue); ok {
			return nil, fmt.Sprint(issues[0].Path)
		}
	}
	return nil, f.Message
}

func TestReportPayload(t *testing.T) {
	r, fault := decodeReport(`{"percent":35.00049,"label":"transcoding","meta":{ "frame": 1820 },"result":[1, null]}`)
	if fault != "" || *r.Percent.Value != 35 || *r.Label.Value != "transcoding" || string(*r.Meta.Value) != `{"frame":1820}` || string(r.Result) != "[1,null]" {
		t.Errorf("payload with everything = %+v, %q, want it rounded and on one line", r, fault)
	}
	r, fault = decodeReport(`{"percent":null,"label":null,"meta":null}`)
	if fault != "" || !r.Percent.Given || r.Percent.Value != nil || !r.Label.Given || r.Label.Value != nil || !r.Meta.Given || r.Meta.Value != nil {
		t.Errorf("payload with nulls = %+v, %q, want all three cleared", r, fault)
	}
	r, fault = decodeReport(`{"result":null}`)
	if fault != "" || string(r.Result) != "null" || r.Percent.Given || r.Label.Given || r.Meta.Given {
		t.Errorf("payload with the result null = %+v, %q, want that result and nothing else", r, fault)
	}
	r, fault = decodeReport(`{"step":{"message":"m","percent":-0.0,"level":"loud"}}`)
	if fault != "" || r.Step.Kind != "step" || r.Step.Level != "loud" || fmt.Sprint(*r.Step.Percent) != "0" || r.Step.Meta != nil {
		t.Errorf("payload with a step = %+v, %q, want the defaults, and 0", r.Step, fault)
	}
}

func TestReportPayloadFaults(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	for payload, want := range map[string]string{
		`{}`:                                   "[]",
		`{"id":"a"}`:                           "[]",
		`{"heartbeat":false}`:                  "[]",
		`{"percent":100.5}`:                    "[percent]",
		`{"percent":-1}`:                       "[percent]",
		`{"percent":"35"}`:                     "[percent]",
		`{"label":3}`:                          "[label]",
		`{"label":"` + long(1025) + `"}`:       "[label]",
		`{"meta":[]}`:                          "[meta]",
		`{"meta":"x"}`:                         "[meta]",
		`{"meta":{"a":"` + long(1<<14) + `"}}`: "[meta]",
		`{"meta":{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}}`: "[meta]",
		`{"step":{}}`:                                        "[step message]",
		`{"step":{"message":""}}`:                            "[step message]",
		`{"step":{"message":"` + long(4097) + `"}}`:          "[step message]",
		`{"step":{"message":"m","kind":"` + long(65) + `"}}`: "[step kind]",
		`{"step":{"message":"m","level":""}}`:                "[step level]",
		`{"step":{"message":"m","percent":101}}`:             "[step percent]",
		`{"step":{"message":"m","meta":7}}`:                  "[step meta]",
		`{"result":"` + long(1<<20) + `"}`:                   "[result]",
		`{"progress":3}`:                                     "[progress]",
	} {
		if _, got := decodeReport(payload); got != want {
			t.Errorf("fault of %.60s = %s, want %s", payload, got, want)
		}
	}
}

func TestReportFlags(t *testing.T) {
	for text, want := range map[string]string{"35": "35", "0": "0", "-0": "0", "100": "100", "33.3339": "33.334", "1e1": "10", "": "cleared",
		"101": "fault", "-1": "fault", "NaN": "fault", "Inf": "fault", "1_0": "fault", "0x1p3": "fault", "x": "fault", "35%": "fault"} {
		var c PercentChange
		got := "fault"
		if err := c.UnmarshalText([]byte(text)); err == nil && c.Value == nil {
			got = "cleared"
		} else if err == nil {
			got = fmt.Sprint(*c.Value)
		}
		if got != want {
			t.Errorf("percent %q = %s, want %s", text, got, want)
		}
	}
	for text, want := range map[string]string{`{ "a": 1 }`: `{"a":1}`, "": "cleared", "[]": "fault", "null": "fault", "{": "fault", "{}x": "fault", "{\"a\":\"\xff\"}": "fault"} {
		var c MetaChange
		got := "fault"
		if err := c.UnmarshalText([]byte(text)); err == nil && c.Value == nil {
			got = "cleared"
		} else if err == nil {
			got = string(*c.Value)
		}
		if got != want {
			t.Errorf("meta %q = %s, want %s", text, got, want)
		}
	}
	label := strings.Repeat("x", 2000)
	p := &Report{Label: LabelChange{report.Change[string]{Given: true, Value: &label}}}
	if err := p.Check(); err == nil || err.Error() != "--label: expected at most 1024 bytes, got 2000" {
		t.Errorf("Check of a long label = %v, want the flag named", err)
	}
}

func TestNesting(t *testing.T) {
	for text, want := range map[string]int{`1`: 0, `"[[["`: 0, `"\"[["`: 0, `[]`: 1, `{"a":[{}],"b":[]}`: 3} {
		if !json.Valid([]byte(text)) {
			t.Fatalf("%s is no JSON", text)
		}
		if got := nesting([]byte(text)); got != want {
			t.Errorf("nesting(%s) = %d, want %d", text, got, want)
		}
	}
}
