package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/show"
)

// testCall is a call in JSON mode with its output.
func testCall(stdin string) (*Call, *bytes.Buffer) {
	out := &bytes.Buffer{}
	return &Call{Verb: "stop", JSON: true, In: strings.NewReader(stdin), Printer: show.NewPrinter(show.Unbuffered{Writer: out}, nil), Err: &bytes.Buffer{}, Opts: defaultOptions()}, out
}

// batchOut is a batch as callers read it.
type batchOut struct {
	Outcome     string
	Total       int
	Good        int `json:"success_count"`
	Bad         int `json:"error_count"`
	Concurrency int
	Results     []struct {
		Index  int
		OK     bool
		Target *target
		Data   string
		Error  json.RawMessage
	}
}

func batchOf(t *testing.T, text string) (*batchOut, int) {
	t.Helper()
	c, out := testCall("")
	work := func(_ *Call, p *payload.Stop) (string, error) {
		if strings.HasPrefix(string(p.ID), "bad") {
			return "", errors.New("refused")
		}
		return "did " + string(p.ID), nil
	}
	handler := Together(func(p *payload.Stop) string { return string(p.ID) }, func(c *Call, items []Item[payload.Stop]) []Outcome[string] {
		return WorkAll(c, items, work)
	})
	if err := handler(c, []string{text}); err != nil {
		t.Fatalf("batch %s: %v", text, err)
	}
	var envelope struct {
		OK   bool
		Data *batchOut
	}
	if err := json.Unmarshal(out.Bytes(), &envelope); err != nil || !envelope.OK {
		t.Fatalf("batch %s: envelope %s (%v), want ok", text, out, err)
	}
	return envelope.Data, c.code
}

func TestBatchOutcome(t *testing.T) {
	for _, tt := range []struct {
		payload, outcome string
		good, bad, code  int
	}{
		{`[]`, "succeeded", 0, 0, 0},
		{`[{"id":"a"},{"id":"b"}]`, "succeeded", 2, 0, 0},
		{`[{"id":"a"},{"id":"bad"}]`, "partial_failure", 1, 1, 1},
		{`[{"id":"bad"},{"id":"a"}]`, "partial_failure", 1, 1, 1},
		{`[{"id":"bad"},{"id":"bad2"}]`, "failed", 0, 2, 1},
	} {
		b, code := batchOf(t, tt.payload)
		if b.Outcome != tt.outcome || b.Good != tt.good || b.Bad != tt.bad || code != tt.code ||
			b.Total != len(b.Results) || b.Concurrency != 5 {
			t.Errorf("batch %s = %+v, exit %d, want %+v", tt.payload, b, code, tt)
		}
	}
}

func TestBatchResultsKeepTheirOrder(t *testing.T) {
	b, _ := batchOf(t, `[{"id":"a"},{"id":"bad"},{"id":"c"}]`)
	for i, want := range []string{"did a", "", "did c"} {
		r := b.Results[i]
		if r.Index != i || r.OK != (want != "") || r.Data != want || (r.Target == nil) == r.OK || (r.Error == nil) != r.OK {
			t.Errorf("result %d = %+v, want data %q", i, r, want)
		}
	}
}

// The results are encoded one at a time, and come out as if all were at once.
func TestBatchIsWrittenAsAWhole(t *testing.T) {
	for _, results := range [][]BatchResult{{},
		{{Index: 0, OK: true, Data: map[string]any{"a": []int{}, "b": "<"}, Target: &target{"x"}}},
		{{Index: 0, OK: true, Data: []string{"a"}}, {Index: 1, Error: fault.Input("no", fault.With("field", "id"))}, {Index: 2}}} {
		c, got := testCall("")
		want := &bytes.Buffer{}
		if err := show.JSON(want, success{true, c.Verb, &BatchData{Results: results}}); err != nil {
			t.Fatal(err)
		}
		if err := c.succeedBatch(&BatchData{Results: results}); err != nil || got.String() != want.String() {
			t.Errorf("succeedBatch(%d results) = %s (%v), want %s", len(results), got, err, want)
		}
	}
}

// All items run at once if that is permitted: each waits for all others here.
func TestBatchIsConcurrent(t *testing.T) {
	c, _ := testCall("")
	c.Opts.Concurrency = 3
	arrived, all := make(chan bool), make(chan bool)
	go func() {
		for range 3 {
			<-arrived
		}
		close(all)
	}()
	items := make([]Item[int], 3)
	WorkAll(c, items, func(*Call, *int) (int, error) {
		arrived <- true
		<-all
		return 0, nil
	})
}
