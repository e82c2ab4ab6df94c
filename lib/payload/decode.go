package payload

import (
	"encoding/json"
	"fmt"
	"strings"

	"bgtasks/lib/fault"
)

// semantic is a payload that knows more than its schema says.
type semantic interface{ check(*faults) }

// decodePayload turns the text of a payload into values of P. batch permits an
// array; many tells that it was one. Nothing is returned unless everything is
// right.
func Decode[P any](data []byte, verb string, batch bool) (payloads []*P, many bool, err error) {
	root, err := ParseTree(data)
	if err != nil {
		return nil, false, malformed(data, err)
	}
	schema, err := LoadSchema(verb)
	if err != nil {
		return nil, false, err
	}
	f := &faults{}
	if batch && root.Kind == "array" {
		many = true
		for i, item := range root.items {
			f.at(i, func() { payloads = append(payloads, decodeItem[P](f, schema, item)) })
		}
	} else if batch && root.Kind != "object" {
		f.expected("Type", "object or array", root)
	} else {
		payloads = []*P{decodeItem[P](f, schema, root)}
	}
	if len(f.issues) > 0 {
		return nil, false, mismatch(verb, f.issues)
	}
	return payloads, many, nil
}

// decodeItem decodes one object, once it agrees with its schema.
func decodeItem[P any](f *faults, schema *Schema, item *Tree) *P {
	before := len(f.issues)
	f.checkUnicode(item)
	if f.check(schema, item); len(f.issues) > before {
		return nil
	}
	p := new(P)
	if err := json.Unmarshal(item.Text, p); err != nil {
		f.refine(nil, err.Error())
		return nil
	}
	if s, ok := any(p).(semantic); ok {
		s.check(f)
	}
	return p
}

// withoutEnv cuts a text off where the variables begin: what can't be decoded
// can't be redacted member by member, and values are shown to nobody (P11).
func withoutEnv(text string) string {
	if before, _, found := strings.Cut(text, `"env"`); found {
		return before + `"env" [redacted]`
	}
	return text
}

func malformed(data []byte, err error) error {
	received := CutText(withoutEnv(string(data)), maxActual)
	return fault.Input("payload must be valid JSON", fault.With("expected", "JSON object or array"),
		fault.With("received", received), fault.With("cause", "SyntaxError: "+err.Error()))
}

// mismatch is the failure of a payload with faults.
func mismatch(verb string, issues []Issue) *fault.Failure {
	return fault.Input("payload does not match command schema",
		fault.With("expected", "payload matching the command schema"), fault.With("issues", issues),
		fault.With("hint", fmt.Sprintf("Run schema show %s, correct the payload and retry.", verb)))
}
