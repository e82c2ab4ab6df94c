package record

import "time"

// Consumer is how far a reader of the journal has come: the whole of its
// cursor.json.
type Consumer struct {
	Name           string
	Cursor         int64 // of the last event that it acknowledged
	AcknowledgedAt time.Time
}

// AppendJSON appends the record as one line of JSON without the newline.
func (c *Consumer) AppendJSON(b []byte) []byte {
	o := openObject(b)
	o.int("v", Version)
	o.str("name", c.Name)
	o.int("cursor", c.Cursor)
	o.time("acknowledgedAt", c.AcknowledgedAt)
	return o.close()
}
