package codec

import (
	"strconv"

	"github.com/tidwall/gjson"

	"bgtasks/lib/record"
)

// ParseProgress decodes progress.json. An error says what is wrong with it, not
// where it was found.
func ParseProgress(data []byte) (*record.Progress, error) {
	p := &record.Progress{}
	if err := decodeRecord(data, progressMembers, p); err != nil {
		return nil, err
	}
	if p.Run < 1 || p.Attempt < 1 {
		return nil, errIncomplete
	}
	return p, nil
}

// ParseStep decodes one line of steps.ndjson, with or without its newline.
func ParseStep(line []byte) (*record.Step, error) {
	s := &record.Step{}
	if err := decodeRecord(line, stepMembers, s); err != nil {
		return nil, err
	}
	if s.Sequence < 1 || s.TaskID == "" || s.CreatedAt.IsZero() {
		return nil, errIncomplete
	}
	return s, nil
}

var progressMembers = members[record.Progress]{
	{"run", func(d *decoder, p *record.Progress, v gjson.Result) { p.Run = d.number(v) }},
	{"attempt", func(d *decoder, p *record.Progress, v gjson.Result) { p.Attempt = d.number(v) }},
	{"percent", func(d *decoder, p *record.Progress, v gjson.Result) { p.Percent = optional(v, d.percent) }},
	{"label", func(d *decoder, p *record.Progress, v gjson.Result) { p.Label = orZero(optional(v, d.str)) }},
	{"meta", func(d *decoder, p *record.Progress, v gjson.Result) { p.Meta = orZero(optional(v, d.object)) }},
	{"updatedAt", func(d *decoder, p *record.Progress, v gjson.Result) { p.UpdatedAt = d.time(v) }},
	{"lastHeartbeatAt", func(d *decoder, p *record.Progress, v gjson.Result) { p.HeartbeatAt = d.time(v) }},
	{"result", func(d *decoder, p *record.Progress, v gjson.Result) { p.Result = []byte(v.Raw) }},
}

var stepMembers = members[record.Step]{
	{"id", func(d *decoder, s *record.Step, v gjson.Result) { s.Sequence = d.decimal(v) }},
	{"taskId", func(d *decoder, s *record.Step, v gjson.Result) { s.TaskID = d.str(v) }},
	{"run", func(d *decoder, s *record.Step, v gjson.Result) { s.Run = d.number(v) }},
	{"attempt", func(d *decoder, s *record.Step, v gjson.Result) { s.Attempt = d.number(v) }},
	{"kind", func(d *decoder, s *record.Step, v gjson.Result) { s.Kind = d.str(v) }},
	{"level", func(d *decoder, s *record.Step, v gjson.Result) { s.Level = d.str(v) }},
	{"message", func(d *decoder, s *record.Step, v gjson.Result) { s.Message = d.str(v) }},
	{"meta", func(d *decoder, s *record.Step, v gjson.Result) { s.Meta = orZero(optional(v, d.object)) }},
	{"percent", func(d *decoder, s *record.Step, v gjson.Result) { s.Percent = optional(v, d.percent) }},
	{"createdAt", func(d *decoder, s *record.Step, v gjson.Result) { s.CreatedAt = d.time(v) }},
}

func orZero[T any](v *T) (zero T) {
	if v == nil {
		return zero
	}
	return *v
}

// decimal reads a number that is written as a string.
func (d *decoder) decimal(v gjson.Result) int64 {
	n, err := strconv.ParseInt(v.Str, 10, 64)
	if v.Type != gjson.String || err != nil {
		d.fail("a number in a string")
	}
	return n
}

func (d *decoder) percent(v gjson.Result) float64 {
	if v.Type != gjson.Number || v.Num < 0 || v.Num > 100 {
		d.fail("a number from 0 to 100")
	}
	return v.Num
}
