package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"bgtasks/lib/fault"
)

// strictFlag is how background-tasks asks a verb for the JSON command line
// whatever the words look like.
const strictFlag = "--json=payload"

// jsonLine decides which of the two command lines args is. For the JSON one it
// gives the arguments without the word that asked for it.
//
// It is the JSON one when strictFlag comes first, or when the first word
// beside the JSON options is a payload: {…}, […], @file, or - with JSON on
// stdin. What looks like one for start must stand alone or be one:
// bg-start '[' -f x ']' runs a program named "[".
func (c *Call) jsonLine(v *Verb, args []string) (line []string, strict bool, err error) {
	if len(args) > 0 && args[0] == strictFlag {
		return withoutJSONFlag(args[1:]), true, nil
	}
	line = withoutJSONFlag(args)
	words := payloadWords(line, v.Options)
	if len(words) == 0 || isFlag(words[0]) {
		return nil, false, nil
	}
	if v.Name == "start" && len(words) > 1 && !startsTask(words[0]) {
		return nil, false, nil
	}
	if ok := len(words) == 1 || looksLikePayload(words[0]); !ok {
		return nil, false, nil
	}
	ok, err := c.isPayload(v, words[0])
	if !ok || err != nil {
		return nil, false, err
	}
	return line, false, nil
}

// withoutJSONFlag drops the word that a payload makes superfluous.
func withoutJSONFlag(args []string) []string {
	end := slices.Index(args, "--")
	if end < 0 {
		end = len(args)
	}
	flags := slices.DeleteFunc(slices.Clone(args[:end]), func(a string) bool { return a == "--json" })
	return append(flags, args[end:]...)
}

// payloadWords gives the words of a line beside the JSON options, whether their
// values are right or not.
func payloadWords(line, options []string) []string {
	o := defaultOptions()
	words, _ := o.split(line, options)
	return words
}

// startsTask tells a payload for start from the name of a program.
func startsTask(word string) bool {
	return looksLikePayload(word) && strings.Contains(word, `"command"`) && json.Valid([]byte(word))
}

// AfterFlags refuses a payload among the words of a text command line: one that
// was meant for the JSON command line, with flags that are not for it.
func AfterFlags(words []string) error {
	for _, w := range words {
		if looksLikePayload(w) && w[0] != '@' && json.Valid([]byte(w)) {
			f := fault.Usage("a payload can't stand among words and flags for text")
			f.Hint = "give the payload first and alone; it takes --output, --wait, --stream, --timeout and --concurrency"
			return f
		}
	}
	return nil
}

func isFlag(word string) bool { return len(word) > 1 && word[0] == '-' }

func looksLikePayload(word string) bool {
	word = strings.TrimSpace(word)
	return word != "" && strings.ContainsRune("{[@", rune(word[0]))
}

// isPayload looks at stdin when the word is "-": start reads payloads from
// there and nothing else, the others read ids too.
func (c *Call) isPayload(v *Verb, word string) (bool, error) {
	if word != "-" || !slices.Contains(v.Options, OptConcurrency) {
		return looksLikePayload(word), nil
	}
	if v.Name == "start" {
		return true, nil
	}
	data, err := c.readStdin()
	if err != nil {
		return false, &HomeError{Op: "read", Path: "stdin", Err: err}
	}
	data = bytes.TrimSpace(data)
	return len(data) > 0 && (data[0] == '{' || data[0] == '['), nil
}

// builtIn answers --help and --version, which count anywhere on the strict
// line, before anything else is looked at.
func (v *Verb) builtIn(c *Call, line []string, strict bool) (shown bool, err error) {
	if !strict {
		return false, nil
	}
	end := slices.Index(line, "--")
	if end < 0 {
		end = len(line)
	}
	for _, word := range line[:end] {
		switch word {
		case "--version":
			c.Verb = "version"
			return true, c.Succeed(VersionData{Version})
		case "--help", "-h":
			help, err := v.helpText()
			c.Verb = "help"
			return true, errors.Join(err, c.Succeed(NewHelpData(help)))
		}
	}
	return false, nil
}
