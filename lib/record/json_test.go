package record

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// asStdlib is how encoding/json writes v with HTML escaping off.
func asStdlib(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "quote\" back\\ slash/", "\x00\x1f\x7f\b\f\n\r\t", "\xff\xfe\xc3", "é漢😀\u2028\u2029", "<a&b>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := string(AppendString(nil, s)), asStdlib(t, s); got != want {
			t.Errorf("AppendString(%q) = %s, want %s", s, got, want)
		}
	})
}

func TestEventTime(t *testing.T) {
	at := time.Date(2026, 3, 1, 23, 59, 58, 123e6, time.UTC)
	line := (&Event{Name: EventStarted, Time: at, TaskID: "t"}).AppendJSON(nil)
	if got, known := EventTime(line); !known || !got.Equal(at) {
		t.Errorf("EventTime(%s) = %v, %t, want %v", line, got, known, at)
	}
	for day := range int64(2 * daysIn400) {
		if y, m, d := civil(day - 719468); days(y, m, d) != day-719468 {
			t.Fatalf("days(%d, %d, %d) = %d, want %d", y, m, d, days(y, m, d), day-719468)
		}
	}
	for _, bad := range []string{"", "{}", `{"v":2,"time":"2026-03-01T23:59:58.123Z"`, `{"v":1,"time":"2026-03-01 23:59:58.123Z"`,
		`{"v":1,"time":"2026-03-01T23:59:58.12`, `{"v":1,"time":"2026-0x-01T23:59:58.123Z"`} {
		if got, known := EventTime([]byte(bad)); known {
			t.Errorf("EventTime(%s) = %v, want none", bad, got)
		}
	}
}
