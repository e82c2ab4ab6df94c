package store

import (
	"bgtasks/lib/config"
	"bgtasks/lib/record"
	"bgtasks/lib/seglog"
)

// JournalRetention is what config.json says of the journal. If it can't be read, the
// defaults hold.
func (h *Home) JournalRetention() seglog.Retention {
	c, err := config.Load(h.path)
	if err != nil {
		c = config.Default()
	}
	return seglog.Retention{Bytes: c.Journal.MaxBytes, Age: c.Journal.MaxAge, Time: record.EventTime}
}
