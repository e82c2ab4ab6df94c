package cli

import (
	"encoding/json"
	"fmt"
	"strings"
)

// semantic is a payload that knows more than its schema says.
type semantic interface{ check(*faults) }

// decodePayload turns the text of a payload into values of P. batch permits an
// array; many tells that it was one. Nothing is returned unless everything is
// right.
func decodePayload[P any](data []byte, verb string, batch bool) (payloads []*P, many bool, err error) {
	root, err := parseTree(data)
	if err != nil {
		return nil, false, malformed(data, err)
	}
	schema, err := loadSchema(verb)
	if err != nil {
		return nil, false, err
	}
	f := &faults{}
	if batch && root.kind == "array" {
		many = true
		for i, item := range root.items {
			f.at(i, func() { payloads = append(payloads, decodeItem[P](f, schema, item)) })
		}
	} else if batch && root.kind != "object" {
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
func decodeItem[P any](f *faults, schema *schema, item *tree) *P {
	before := len(f.issues)
	f.checkUnicode(item)
	if f.check(schema, item); len(f.issues) > before {
		return nil
	}
	p := new(P)
	if err := json.Unmarshal(item.text, p); err != nil {
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
	received := cutText(withoutEnv(string(data)), maxActual)
	return inputFailure("payload must be valid JSON", Detail{"expected", "JSON object or array"},
		Detail{"received", received}, Detail{"cause", "SyntaxError: " + err.Error()})
}

// mismatch is the failure of a payload with faults.
func mismatch(verb string, issues []Issue) *Failure {
	return inputFailure("payload does not match command schema",
		Detail{"expected", "payload matching the command schema"}, Detail{"issues", issues},
		Detail{"hint", fmt.Sprintf("Run schema show %s, correct the payload and retry.", verb)})
}
