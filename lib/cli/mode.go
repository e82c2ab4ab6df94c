package cli

import (
	"bytes"
	"errors"
	"slices"
	"strings"
)

// strictFlag is how background-tasks asks a verb for the JSON command line
// whatever the words look like.
const strictFlag = "--json=payload"

// jsonLine decides which of the two command lines args is. For the JSON one it
// gives the arguments without the word that asked for it.
//
// It is the JSON one when strictFlag comes first, or when the first word
// beside the JSON options is a payload: {…}, […], @file, or - with JSON on
// stdin. A payload for start must stand alone: bg-start '[' -f x ']' runs a
// program named "[".
func (c *Call) jsonLine(v *Verb, args []string) (line []string, strict bool, err error) {
	if len(args) > 0 && args[0] == strictFlag {
		return slices.Clip(args[1:]), true, nil
	}
	line = slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "--json" })
	words, ok := payloadWords(line, v.Options)
	if !ok || len(words) == 0 {
		return nil, false, nil
	}
	if v.Name == "start" && len(words) > 1 {
		return nil, false, nil
	}
	ok, err = c.isPayload(v, words[0])
	if !ok || err != nil {
		return nil, false, err
	}
	return line, false, nil
}

// payloadWords gives the words of a line that has JSON options only.
func payloadWords(line, options []string) (words []string, ok bool) {
	o := defaultOptions()
	words, err := o.parse(line, options)
	if err != nil {
		return firstWords(line), true
	}
	return words, !slices.ContainsFunc(words, isFlag)
}

// firstWords is payloadWords for a line with a faulty option: enough to tell
// whom to tell about the fault.
func firstWords(line []string) []string {
	return slices.DeleteFunc(slices.Clone(line), func(w string) bool { return !looksLikePayload(w) })
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
		return false, &homeError{Op: "read", Path: "stdin", Err: err}
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
