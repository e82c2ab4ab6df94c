package cli

import (
	"errors"
	"path/filepath"
	"strings"

	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
)

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
			f := fault.Input("failed to read payload from stdin", fault.With("cause", err.Error()))
			var long *fault.TooLongError
			f.Retryable = !errors.As(err, &long)
			return nil, f
		}
		return data, nil
	case len(word) > 0 && word[0] == '@':
		return payloadFile(word[1:])
	case isFlag(word):
		name, _, _ := strings.Cut(word, "=")
		return nil, fault.Input("unknown option "+name, fault.With("received", name),
			fault.With("hint", "Run "+c.Verb+" --help to see the options."))
	default:
		return []byte(word), nil
	}
}

func payloadFile(name string) ([]byte, error) {
	path, err := filepath.Abs(name)
	if err == nil {
		var data []byte
		if data, err = fault.ReadFile(path, fault.MaxInput); err == nil {
			return data, nil
		}
	}
	return nil, fault.Input("failed to read payload file", fault.With("path", path), fault.With("cause", err.Error()),
		fault.With("hint", "Check that the file exists and can be read; the path is relative to the working directory."))
}

// Decode reads the payload of a verb that does several things, by what it says.
func Decode[P any](c *Call, words []string) (*P, error) {
	text, err := c.payloadText(words)
	if err != nil {
		return nil, err
	}
	payloads, _, err := payload.Decode[P](text, c.Verb, false)
	if err != nil {
		return nil, err
	}
	return payloads[0], nil
}

// ParseValue reads the value that a word stands for: JSON, @file, or - for
// standard input.
func ParseValue(c *Call, word string) (payload.Value, error) {
	text, err := []byte(word), error(nil)
	switch {
	case word == "-":
		text, err = c.readStdin()
	case strings.HasPrefix(word, "@"):
		text, err = fault.ReadFile(word[1:], fault.MaxValue)
	}
	if err != nil {
		return nil, fault.Usage("result: %v", err)
	}
	t, err := payload.ParseTree(text)
	if err == nil {
		err = t.UnicodeError()
	}
	if err != nil {
		f := fault.Usage("result: expected a JSON value: %v", err)
		f.Hint = `a text is one in double quotes: '"done"'`
		return nil, f
	}
	return payload.Compact(text), nil
}
