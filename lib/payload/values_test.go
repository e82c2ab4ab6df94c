package payload

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"0": 0, "90": 90 * time.Second, "90s": 90 * time.Second, "1.5": 1500 * time.Millisecond,
		"1h30m": 90 * time.Minute, "2d": 2 * day, "1d12h": day + 12*time.Hour, "250ms": 250 * time.Millisecond,
		"5us": 5 * time.Microsecond, "7ns": 7,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "1x", "s", "1h30", "1 h", "1..5", "9999999999d", "1hh", "h1"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1048576": 1 << 20, "10M": 10 << 20, "10MiB": 10 << 20, "10MB": 10e6, "1k": 1 << 10, "1kb": 1000,
		"1.5K": 1536, "2G": 2 << 30, "1TiB": 1 << 40, "7B": 7,
	} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "M", "10X", "10MiBs", "1e3", "99999999T"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %d, want an error", text, got)
		}
	}
}

func TestSignalFlag(t *testing.T) {
	for _, text := range []string{"TERM", "SIGTERM", "term", "15"} {
		var s Signal
		if err := s.UnmarshalText([]byte(text)); err != nil || s != "TERM" {
			t.Errorf("Signal(%q) = %q, %v, want TERM", text, s, err)
		}
	}
	var s Signal
	if err := s.UnmarshalText([]byte("BOGUS")); err == nil {
		t.Errorf("Signal(BOGUS) = %q, want an error", s)
	}
}

func TestMoment(t *testing.T) {
	var m Moment
	if err := m.UnmarshalText([]byte("2026-01-02T03:04:05+01:00")); err != nil || time.Time(m).UTC().Hour() != 2 {
		t.Errorf("Moment(RFC 3339) = %v, %v, want 02:04:05Z", time.Time(m).UTC(), err)
	}
	before := time.Now().Add(-time.Hour)
	if err := m.UnmarshalText([]byte("1h")); err != nil || time.Time(m).Before(before) || time.Time(m).After(time.Now()) {
		t.Errorf("Moment(1h) = %v, %v, want an hour ago", time.Time(m), err)
	}
	if err := m.UnmarshalText([]byte("yesterday")); err == nil {
		t.Errorf("Moment(yesterday) = %v, want an error", time.Time(m))
	}
}

func TestCodes(t *testing.T) {
	var c Codes
	if err := c.UnmarshalText([]byte("1, 3,255")); err != nil || len(c) != 3 || c[1] != 3 {
		t.Errorf("Codes(1, 3,255) = %v, %v, want [1 3 255]", c, err)
	}
	for _, text := range []string{"", "256", "-1", "x", "1,,2"} {
		if err := c.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("Codes(%q) = %v, want an error", text, c)
		}
	}
}

func TestMomentDates(t *testing.T) {
	for text, want := range map[string]time.Time{
		"2020-01-02":           time.Date(2020, 1, 2, 0, 0, 0, 0, time.Local),
		"2020-01-02 03:04":     time.Date(2020, 1, 2, 3, 4, 0, 0, time.Local),
		"2020-01-02 03:04:05":  time.Date(2020, 1, 2, 3, 4, 5, 0, time.Local),
		"2020-01-02T03:04:05":  time.Date(2020, 1, 2, 3, 4, 5, 0, time.Local),
		"2020-01-02 03:04:05Z": time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC),
	} {
		var m Moment
		if err := m.UnmarshalText([]byte(text)); err != nil || !time.Time(m).Equal(want) {
			t.Errorf("Moment(%q) = %v, %v, want %v", text, time.Time(m), err, want)
		}
	}
}
