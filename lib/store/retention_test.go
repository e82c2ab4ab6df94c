package store

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestJournalRetention(t *testing.T) {
	h := At(t.TempDir())
	for _, c := range []struct {
		config string
		bytes  int64
		age    time.Duration
	}{
		{"", JournalMaxBytes, JournalMaxAge},
		{"{}", JournalMaxBytes, JournalMaxAge},
		{"{\"v\": 1,\n \"journal\" : { \"maxAgeMs\": 5000,\t\"maxBytes\":1000000 } }\n", 1000000, 5 * time.Second},
		{`{"retention":{"maxBytes":7},"journal":{"maxBytes":0}}`, 0, JournalMaxAge},
		{`{"journal":{"maxBytes":-1,"maxAgeMs":"x"}}`, JournalMaxBytes, JournalMaxAge},
		{`{"journal":{"maxAgeMs":9000000000000000}}`, JournalMaxBytes, time.Duration(maxAgeMs) * time.Millisecond},
		{`{"journal":{"maxBytes":5`, JournalMaxBytes, JournalMaxAge},
	} {
		if c.config != "" {
			if err := os.WriteFile(filepath.Join(h.Path(), configFile), []byte(c.config), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if r := h.journalRetention(); r.Bytes != c.bytes || r.Age != c.age || r.Time == nil {
			t.Errorf("with %q journalRetention = %d, %v, want %d, %v", c.config, r.Bytes, r.Age, c.bytes, c.age)
		}
	}
}
