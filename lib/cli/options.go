package cli

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"bgtasks/lib/fault"
)

// The options of the JSON command line.
const (
	OptOutput      = "--output"
	OptWait        = "--wait"
	OptStream      = "--stream"
	OptTimeout     = "--timeout"
	OptConcurrency = "--concurrency"
	OptRelay       = "--relay"
)

// AllOptions are those of the verbs that start, end or await tasks; the others
// take fewer.
var AllOptions = []string{OptOutput, OptWait, OptStream, OptTimeout, OptConcurrency}

// WaitOptions are those of the verbs whose exit code can be that of the tasks.
var WaitOptions = append(slices.Clip(AllOptions), OptRelay)

// outputModes are the values of --output.
var outputModes = []string{"auto", "inline", "artifact"}

// DefaultConcurrency is how many items of a batch are worked on at once.
const DefaultConcurrency = 5

// Options are what the JSON command line's options say.
type Options struct {
	Output      string // auto, inline or artifact
	Wait        bool
	Stream      bool
	Timeout     time.Duration // of a wait; negative for none
	Concurrency int
	Relay       bool // exit with the codes of text mode in JSON mode too
	OwnCode     bool // relay the bare codes of tasks

	Timed    bool // --timeout was given
	streamed bool // --stream was given
	anyCase  bool // options may be written in capitals, as background-tasks takes them
}

func defaultOptions() Options {
	return Options{Output: "auto", Timeout: time.Minute, Concurrency: DefaultConcurrency}
}

// parse takes the options out of a line and returns the other words.
func (o *Options) parse(line, known []string) (words []string, err error) {
	if words, err = o.split(line, known); err != nil {
		return nil, err
	}
	if o.Concurrency <= 0 {
		return words, fault.Input("concurrency must be a positive integer",
			fault.With("field", "concurrency"), fault.With("expected", "positive integer"), fault.With("received", o.Concurrency))
	}
	return words, nil
}

// split sets the options of a line and returns the other words, unknown and
// repeated flags among them. After "--" all words are just that. The error is
// about the first faulty option; the words are all there nevertheless.
func (o *Options) split(line, known []string) (words []string, fault error) {
	seen := map[string]bool{}
	for i := 0; i < len(line); i++ {
		name, value, glued := strings.Cut(line[i], "=")
		if name == "-o" {
			name = OptOutput
		}
		if o.anyCase && strings.HasPrefix(name, "--") {
			name = strings.ToLower(name)
		}
		if line[i] == "--" {
			words = append(words, line[i+1:]...)
			break
		}
		if !slices.Contains(known, name) || seen[name] {
			words = append(words, line[i])
			continue
		}
		seen[name] = true
		o.Timed, o.streamed = seen[OptTimeout], seen[OptStream]
		if !glued {
			value = o.detached(name, line[i+1:])
			if value != "" || !o.boolean(name) && i+1 < len(line) {
				i++
			}
		}
		if err := o.set(name, value); err != nil && fault == nil {
			fault = err
		}
	}
	return words, fault
}

func (o *Options) boolean(name string) bool {
	return name == OptWait || name == OptStream || name == OptRelay
}

// detached is the value of an option that stands in the next word. A switch
// takes one only if it is unmistakable.
func (o *Options) detached(name string, rest []string) string {
	if len(rest) == 0 || o.boolean(name) && rest[0] != "true" && rest[0] != "false" {
		return ""
	}
	return rest[0]
}

func (o *Options) set(name, value string) (err error) {
	switch name {
	case OptOutput:
		if o.Output = value; o.anyCase {
			o.Output = strings.ToLower(value)
		}
		if !slices.Contains(outputModes, o.Output) {
			err = invalidValue("Expected one of the following cases: " + strings.Join(outputModes, ", "))
		}
	case OptWait:
		o.Wait, err = parseSwitch(value)
	case OptStream:
		o.Stream, err = parseSwitch(value)
	case OptRelay:
		o.Relay, err = parseSwitch(value)
	case OptTimeout:
		var seconds int
		seconds, err = parseInteger(value)
		if err == nil && seconds < 0 {
			err = invalidValue(fmt.Sprintf("Expected a number of seconds, 0 or more, received: '%s'", value))
		}
		o.Timeout = time.Duration(min(max(seconds, 0), math.MaxInt32)) * time.Second
	case OptConcurrency:
		o.Concurrency, err = parseInteger(value)
	}
	return err
}

func parseSwitch(value string) (bool, error) {
	switch strings.ToLower(value) {
	case "", "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, invalidValue(fmt.Sprintf("Expected a boolean, received: '%s'", value))
}

func parseInteger(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil {
		return 0, invalidValue(fmt.Sprintf("'%s' is not a integer", value))
	}
	return n, nil
}

func invalidValue(message string) error {
	return fault.Input(message, fault.With("validation_tag", "InvalidValue"),
		fault.With("hint", "Run the command with --help to see the options and their values."))
}

// noWords refuses words that nobody asked for.
func noWords(words []string) error {
	if len(words) == 0 {
		return nil
	}
	return fault.Input("unknown arguments received", fault.With("leftover", words))
}
