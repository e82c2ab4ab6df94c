package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
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

// payloadText is the text that the words of a JSON command line stand for:
// inline, @file, - for stdin. No word stands for an empty object.
func (c *Call) payloadText(words []string) ([]byte, error) {
	if len(words) == 0 {
		return []byte("{}"), nil
	}
	if err := noWords(words[1:]); err != nil {
		return nil, err
	}
	switch word := words[0]; {
	case word == "-":
		data, err := c.readStdin()
		if err != nil {
			f := inputFailure("failed to read payload from stdin", Detail{"cause", err.Error()})
			var long *tooLongError
			f.Retryable = !errors.As(err, &long)
			return nil, f
		}
		return data, nil
	case len(word) > 0 && word[0] == '@':
		return payloadFile(word[1:])
	case isFlag(word):
		name, _, _ := strings.Cut(word, "=")
		return nil, inputFailure("unknown option "+name, Detail{"received", name},
			Detail{"hint", "Run " + c.Verb + " --help to see the options."})
	default:
		return []byte(word), nil
	}
}

func payloadFile(name string) ([]byte, error) {
	path, err := filepath.Abs(name)
	if err == nil {
		var data []byte
		if data, err = readFile(path, maxInput); err == nil {
			return data, nil
		}
	}
	return nil, inputFailure("failed to read payload file", Detail{"path", path}, Detail{"cause", err.Error()},
		Detail{"hint", "Check that the file exists and can be read; the path is relative to the working directory."})
}

// Decode reads the payload of a verb that does several things, by what it says.
func Decode[P any](c *Call, words []string) (*P, error) { return decode[P](c, words) }

// decode reads the one payload object of a verb that takes no batches.
func decode[P any](c *Call, words []string) (*P, error) {
	text, err := c.payloadText(words)
	if err != nil {
		return nil, err
	}
	payloads, _, err := decodePayload[P](text, c.Verb, false)
	if err != nil {
		return nil, err
	}
	return payloads[0], nil
}
