package cli

import (
	"bytes"
	"encoding/json"

	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/pool"
	"bgtasks/lib/show"
)

// Item is one of the things that a verb works on: a payload, or why there is
// none.
type Item[P any] struct {
	Payload *P
	ID      string // as the caller gave it, may be empty
	Err     error
}

// Work does a verb's job for one payload. Several may run at once.
type Work[P, D any] func(c *Call, p *P) (D, error)

// One makes the JSON command line of a verb that takes one object.
func One[P, D any](work Work[P, D]) func(*Call, []string) error {
	return func(c *Call, words []string) error {
		p, err := Decode[P](c, words)
		if err != nil {
			return err
		}
		data, err := work(c, p)
		if err != nil {
			return err
		}
		return c.SucceedRelayed(data)
	}
}

// Together makes the JSON command line of a verb that takes an object or an array of them, and works on all items of a
// batch in one go: it gives an outcome for each, in their order. id gives the id in a payload.
func Together[P, D any](id func(*P) string, work func(*Call, []Item[P]) []Outcome[D]) func(*Call, []string) error {
	return func(c *Call, words []string) error {
		text, err := c.payloadText(words)
		if err != nil {
			return err
		}
		payloads, many, err := payload.Decode[P](text, c.Verb, true)
		if err != nil {
			return err
		}
		items := make([]Item[P], len(payloads))
		for i, p := range payloads {
			items[i] = Item[P]{Payload: p, ID: id(p)}
		}
		return answer(c, items, many, work(c, items))
	}
}

// Each does the work for every item of a text command line, several at once,
// and reports in their order: with show, or with the envelope that the flag
// --json asks for. If everything failed in one way the exit code says which;
// if some of several failed it is 1.
func Each[P, D any](c *Call, items []Item[P], work Work[P, D], show func(D) error) error {
	return EachOf(c, items, WorkAll(c, items, work), show)
}

// EachOf does so with outcomes that are there.
func EachOf[P, D any](c *Call, items []Item[P], results []Outcome[D], show func(D) error) error {
	if c.JSON {
		return answer(c, items, len(items) != 1, results)
	}
	var t tally
	for _, r := range results {
		if r.Err == nil {
			r.Err = show(r.Data)
		}
		if _, quiet := c.quietCode(r.Err); quiet {
			return r.Err
		}
		t.add(c, r.Err)
	}
	c.RaiseCode(t.code())
	return nil
}

// tally finds the exit code for several outcomes.
type tally struct {
	total, failed int
	first         int
	mixed         bool
}

// add counts an outcome and tells people about an error.
func (t *tally) add(c *Call, err error) {
	if err != nil {
		c.Complain(err)
	}
	t.count(err)
}

func (t *tally) count(err error) {
	t.total++
	if err == nil {
		return
	}
	code := failureOf(err).Code
	if t.failed == 0 {
		t.first = code
	}
	t.mixed = t.mixed || code != t.first
	t.failed++
}

func (t *tally) code() int {
	switch {
	case t.failed == 0:
		return 0
	case t.failed < t.total || t.mixed:
		return fault.CodeNo
	}
	return t.first
}

// Outcome is what came of an item.
type Outcome[D any] struct {
	Data D
	Err  error
}

// WorkAll works on up to Opts.Concurrency items at once.
func WorkAll[P, D any](c *Call, items []Item[P], work Work[P, D]) []Outcome[D] {
	results := make([]Outcome[D], len(items))
	pool.Each(len(items), c.Opts.Concurrency, func(i int) {
		if results[i].Err = items[i].Err; items[i].Err == nil {
			results[i].Data, results[i].Err = work(c, items[i].Payload)
		}
	})
	return results
}

// BatchData is what a batch came to.
type BatchData struct {
	Outcome      string        `json:"outcome"` // succeeded, failed or partial_failure
	Total        int           `json:"total"`
	SuccessCount int           `json:"success_count"`
	ErrorCount   int           `json:"error_count"`
	Concurrency  int           `json:"concurrency"`
	*Verdict                   // nil unless ends were waited for
	Results      []BatchResult `json:"results"`
}

// BatchResult is what one item of a batch came to.
type BatchResult struct {
	Index  int            `json:"index"`
	OK     bool           `json:"ok"`
	Target *target        `json:"target,omitempty"`
	Data   any            `json:"data,omitempty"`
	Error  *fault.Failure `json:"error,omitempty"`
}

type target struct {
	ID string `json:"id"`
}

// answer prints the envelope for the items.
func answer[P, D any](c *Call, items []Item[P], many bool, results []Outcome[D]) error {
	if !many {
		if results[0].Err != nil {
			return results[0].Err
		}
		return c.SucceedRelayed(results[0].Data)
	}
	batch := &BatchData{Outcome: "succeeded", Total: len(items), Concurrency: c.Opts.Concurrency, Results: []BatchResult{}}
	if c.Opts.Wait || c.Verb == "wait" {
		batch.Verdict = &Verdict{AllSucceeded: true, FailedIDs: []string{}}
	}
	var t tally
	for i, r := range results {
		if _, quiet := c.quietCode(r.Err); quiet {
			return r.Err
		}
		batch.add(i, items[i].ID, r.Data, r.Err)
		t.count(r.Err)
		if r.Err == nil {
			c.follow(r.Data)
		}
	}
	if c.Opts.Relay {
		c.RaiseCode(t.code())
	} else if batch.ErrorCount > 0 {
		c.RaiseCode(fault.CodeNo)
	}
	return c.succeedBatch(batch)
}

// SucceedRelayed prints the envelope of a success that may speak for tasks.
func (c *Call) SucceedRelayed(data any) error {
	c.follow(data)
	return c.Succeed(data)
}

// follow makes the exit code that of the tasks whose ends were waited for, if JSON
// mode was asked to relay it.
func (c *Call) follow(data any) {
	if j, ok := data.(judged); ok && c.Opts.Relay && j.verdict() != nil {
		c.RaiseCode(j.verdict().code)
	}
}

// succeedBatch prints the envelope of a batch as Succeed would, but encodes one
// result at a time: all of a hundred thousand would fill the memory twice.
func (c *Call) succeedBatch(b *BatchData) error {
	results := b.Results
	b.Results = []BatchResult{}
	var text bytes.Buffer
	if err := show.JSON(&text, success{true, c.Verb, b}); err != nil {
		return err
	}
	end := bytes.LastIndexByte(text.Bytes(), ']')
	head, tail := text.Bytes()[:end], text.Bytes()[end:]
	if _, err := c.Out.Write(head); err != nil {
		return err
	}
	for i := range results {
		if err := c.writeResult(&results[i], i == 0); err != nil {
			return err
		}
	}
	if len(results) > 0 {
		tail = append([]byte("\n    "), tail...)
	}
	_, err := c.Out.Write(tail)
	return err
}

func (c *Call) writeResult(r *BatchResult, first bool) error {
	const margin = "      "
	var text bytes.Buffer
	if !first {
		text.WriteByte(',')
	}
	text.WriteString("\n" + margin)
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	e.SetIndent(margin, "  ")
	if err := e.Encode(r); err != nil {
		return err
	}
	_, err := c.Out.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
	return err
}

func (b *BatchData) add(i int, id string, data any, err error) {
	r := BatchResult{Index: i, OK: err == nil}
	if err != nil {
		b.ErrorCount++
		r.Error = failureOf(err)
	} else {
		b.SuccessCount++
		r.Data = data
		if id != "" {
			r.Target = &target{id}
		}
	}
	b.Results = append(b.Results, r)
	if b.Verdict != nil {
		b.judge(data, err)
	}
	switch {
	case b.ErrorCount == 0:
	case b.SuccessCount == 0:
		b.Outcome = "failed"
	default:
		b.Outcome = "partial_failure"
	}
}

// judge joins the verdict on one item's task to that on all.
func (b *BatchData) judge(data any, err error) {
	var one *Verdict
	if j, ok := data.(judged); ok && err == nil {
		one = j.verdict()
	}
	b.Verdict.add(one)
}
