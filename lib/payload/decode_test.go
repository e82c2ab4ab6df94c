package payload

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"bgtasks/lib/fault"
)

// issuesOf lists the faults as "tag path message".
func issuesOf(t *testing.T, err error) []string {
	t.Helper()
	var f *fault.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error is %v, want a Failure", err)
	}
	var list []string
	for _, d := range f.Details {
		if issues, ok := d.Value.([]Issue); ok {
			for _, i := range issues {
				path, _ := json.Marshal(i.Path)
				list = append(list, i.Tag+" "+string(path)+" "+i.Message)
			}
		}
	}
	return list
}

func TestPayloadFaults(t *testing.T) {
	for _, tt := range []struct {
		payload string
		want    []string
	}{
		{`{}`, []string{`Missing ["command"] is missing`}},
		{`5`, []string{`Type [] Expected object or array, actual 5`}},
		{`{"command":""}`, []string{`Refinement ["command"] Expected a string at least 1 character(s) long, actual ""`}},
		{`{"command":null}`, []string{`Type ["command"] Expected string, actual null`}},
		{`{"command":"x","args":["a",{"b": 1}]}`, []string{`Type ["args",1] Expected string, actual {"b":1}`}},
		{`[{"command":"x"},{"args":5}]`, []string{`Missing [1,"command"] is missing`, `Type [1,"args"] Expected array, actual 5`}},
		{`{"command":"x","id":"../esc"}`, []string{`Refinement ["id"] Expected an id of 1 to 64 characters, a letter or digit first, then letters, digits, '.', '_' or '-'; no ':', which parts ids, as in afterok:ID:ID, actual "../esc"`}},
		{`{"command":"x","env":{"SECRET":12345}}`, []string{`Type ["env","SECRET"] Expected string, actual a secret number`}},
		{`{"command":"x","env":{"A=B":"c"}}`, []string{`Refinement ["env","A=B"] Expected the name of a variable, not empty and without '=' and NUL`}},
		{`{"command":"x","command":"y"}`, []string{`Unexpected ["command"] is given twice`}},
		{`{"command":"x\u0000"}`, []string{`Refinement ["command"] Expected a string without NUL`}},
		{`{"command":"x","killGraceMs":1.5}`, []string{`Refinement ["killGraceMs"] Expected an integer, actual 1.5`}},
		{`{"command":"x","timeLimitMs":0}`, []string{`Refinement ["timeLimitMs"] Expected a positive number, actual 0`}},
		{`{"command":"x","killGraceMs":-1}`, []string{`Refinement ["killGraceMs"] Expected a number not below 0, actual -1`}},
		{`{"command":"x","successExitCodes":[256]}`, []string{`Refinement ["successExitCodes",0] Expected a number not above 255, actual 256`}},
		{`{"command":"x","logMax":"10X"}`, []string{`Refinement ["logMax"] Expected a size such as 1048576, 10M, 10MiB or 10MB, actual "10X"`}},
		{`{"command":"x","leftovers":"eat"}`, []string{`Type ["leftovers"] Expected "keep" | "wait" | "kill", actual "eat"`}},
	} {
		_, _, err := Decode[Start]([]byte(tt.payload), "start", true)
		if got := issuesOf(t, err); !slices.Equal(got, tt.want) {
			t.Errorf("decodePayload(%s):\n got %q\nwant %q", tt.payload, got, tt.want)
		}
	}
}

func TestUnknownFieldsAreRefusedByName(t *testing.T) {
	_, _, err := Decode[Start]([]byte(`{"command":"x","arg":[],"Tags":[],"zzz":1}`), "start", true)
	got := strings.Join(issuesOf(t, err), "\n")
	for _, want := range []string{`["arg"] is unexpected, did you mean args?`, `["Tags"] is unexpected, did you mean tags?`,
		`["zzz"] is unexpected, expected one of id, name, command,`} {
		if !strings.Contains(got, want) {
			t.Errorf("issues are\n%s\nwant %q among them", got, want)
		}
	}
}

func TestOnlyBatchVerbsTakeArrays(t *testing.T) {
	_, _, err := Decode[Task]([]byte(`[]`), "status", false)
	want := []string{`Type [] Expected object, actual []`}
	if got := issuesOf(t, err); !slices.Equal(got, want) {
		t.Errorf("decodePayload([]) = %q, want %q", got, want)
	}
}

func TestMalformedJSONIsLocated(t *testing.T) {
	for payload, want := range map[string]string{
		"":                  "line 1, column 1: ",
		"{bad":              "line 1, column 2: ",
		"{\n  \"a\": ,}":    "line 2, column 8: ",
		"{}x":               "line 1, column 3: ",
		`{"id":"x"`:         "line 1, column 10: ",
		"\ufeff{}":          "line 1, column 1: ",
		"{\"id\":\"\xff\"}": "not valid UTF-8",
	} {
		_, _, err := Decode[Task]([]byte(payload), "status", false)
		var f *fault.Failure
		if !errors.As(err, &f) || f.Message != "payload must be valid JSON" || !strings.Contains(fmt.Sprint(f.Details), want) {
			t.Errorf("decodePayload(%q) = %v, want a fault at %q", payload, err, want)
		}
	}
}

func TestIDsAreTrimmed(t *testing.T) {
	p, _, err := Decode[Task]([]byte(`{"id":" bg_x\n"}`), "status", false)
	if err != nil || p[0].ID != "bg_x" {
		t.Errorf("decodePayload = %+v, %v, want id bg_x", p, err)
	}
}

func TestStartPayloadDecodes(t *testing.T) {
	p, many, err := Decode[Start]([]byte(`{"command":"x","logMax":"1.5K","killGraceMs":0,"timeLimitMs":1e3,
		"metadata":{"a":[1]},"env":{"A":"b"},"successExitCodes":[3.0]}`), "start", true)
	if err != nil || many {
		t.Fatalf("decodePayload = many %v, %v", many, err)
	}
	got := p[0]
	if *got.LogMax != 1536 || *got.Grace != 0 || got.TimeLimit != 1000 || string(got.Metadata) != `{"a":[1]}` ||
		got.Env["A"] != "b" || got.Successes[0] != 3 {
		t.Errorf("decodePayload = %+v, want the values given", got)
	}
}

// Every example is right by its schema and for the decoder.
func TestExamplesDecode(t *testing.T) {
	for _, e := range catalog {
		validate := validator(t, e)
		for _, x := range e.examples {
			if err := validate(x.Input); err != nil {
				t.Errorf("%s, %q: the schema says %v", e.verb, x.Name, err)
			}
			if err := decodeAs(e.verb, x.Input); err != nil {
				t.Errorf("%s, %q: the decoder says %v", e.verb, x.Name, err)
			}
		}
	}
}

func decodeAs(verb string, data []byte) (err error) {
	switch verb {
	case "start":
		_, _, err = Decode[Start](data, verb, true)
	case "stop":
		_, _, err = Decode[Stop](data, verb, true)
	case "restart":
		_, _, err = Decode[Restart](data, verb, true)
	case "list":
		_, _, err = Decode[List](data, verb, false)
	case "logs":
		_, _, err = Decode[Logs](data, verb, false)
	case "events":
		_, _, err = Decode[Events](data, verb, false)
	default:
		_, _, err = Decode[Task](data, verb, false)
	}
	return err
}

// validator is jsonschema's own for the published schema.
func validator(t testing.TB, e Entry) func(data []byte) error {
	t.Helper()
	text, err := schemaText(e.verb)
	if err != nil {
		t.Fatal(err)
	}
	s := &jsonschema.Schema{}
	if err := json.Unmarshal(text, s); err != nil {
		t.Fatal(err)
	}
	s.Schema = ""
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(data []byte) error {
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			return err
		}
		return r.Validate(v)
	}
}

// What the decoder takes is right by the published schema, and what it refuses
// by its own schema is wrong by jsonschema's validator too.
func FuzzDecodePayload(f *testing.F) {
	for _, e := range catalog {
		for _, x := range e.examples {
			f.Add(e.verb, []byte(x.Input))
		}
	}
	for _, s := range []string{`{"command":"x","logMax":1e3}`, `{"command":"x","logMax":"1.5MiB","env":{"A":1}}`, `[1,{}]`,
		`{"command":"x","after":["afterok:a",{"when":"afterany","id":"b"}],"scheduledAt":"2030-01-01","backoff":{"factor":1.5}}`,
		`{"command":"x","scheduledAt":1e3,"after":[5],"priority":-1e3,"maxAttempts":1e6,"ensure":true,"dedupeKey":" "}`,
		`{"id":" x "}`, `{"id":"","lines":0.5}`, `{"lines":1e99}`, `{"status":"running","tags":[null]}`, `{"a":`, "{\"id\":\"\\ud800\"}"} {
		for _, verb := range []string{"start", "logs", "list"} {
			f.Add(verb, []byte(s))
		}
	}
	validators := map[string]func([]byte) error{}
	for _, e := range catalog {
		validators[e.verb] = validator(f, e)
	}
	f.Fuzz(func(t *testing.T, verb string, data []byte) {
		validate := validators[verb]
		if validate == nil {
			return
		}
		err := decodeAs(verb, data)
		valid := validate(data)
		if err == nil && valid != nil {
			t.Fatalf("%s %s was decoded, but the schema says %v", verb, data, valid)
		}
		if failure := (*fault.Failure)(nil); err != nil && !errors.As(err, &failure) {
			t.Fatalf("%s %s: error is %T %v, want a Failure", verb, data, err, err)
		}
		if err != nil && valid == nil && !beyondSchema(err) {
			t.Fatalf("%s %s is right by the schema, but was refused: %v", verb, data, issuesOf(t, err))
		}
	})
}

// beyondSchema tells that the decoder found what no schema can say.
func beyondSchema(err error) bool {
	text := fmt.Sprint(err.(*fault.Failure).Details)
	for _, s := range []string{"is given twice", "UTF-8", "Unicode", "NUL", "name of a variable", "a signal such as", "at most", "a time ", "beside it", "not blank", "the task itself"} {
		if strings.Contains(text, s) {
			return true
		}
	}
	return false
}

// Every number of a payload has bounds, and one beyond them, or with a fraction where
// there is none, is refused by the member's name.
func TestNumbersAreBounded(t *testing.T) {
	for _, e := range catalog {
		s, err := LoadSchema(e.verb)
		if err != nil {
			t.Fatal(err)
		}
		eachNumber(s, nil, func(path []string, s *Schema) {
			low, high := s.Minimum, s.Maximum
			if low == nil {
				low = s.ExclusiveMinimum
			}
			if low == nil || high == nil {
				t.Errorf("%s: the number %v has no bounds", e.verb, path)
				return
			}
			wrong := []string{fmt.Sprintf("%.0f", *low-1), "-1e300", "1e300", fmt.Sprintf("%.0f", *high+2)}
			if slices.Contains(s.Types, "integer") {
				wrong = append(wrong, "1.5")
			}
			for _, n := range wrong {
				text := n
				for i := len(path) - 1; i >= 0; i-- {
					if path[i] == "[]" {
						text = "[" + text + "]"
					} else {
						text = fmt.Sprintf("{%q:%s}", path[i], text)
					}
				}
				got := strings.Join(issuesOf(t, decodeAs(e.verb, []byte(text))), "\n")
				if !strings.Contains(got, "Refinement") || !strings.Contains(got, path[len(path)-1]) && path[len(path)-1] != "[]" {
					t.Errorf("%s %s: the faults are %q, want one of %v", e.verb, text, got, path)
				}
			}
		})
	}
}

// eachNumber visits the numbers of a schema.
func eachNumber(s *Schema, path []string, visit func(path []string, s *Schema)) {
	if slices.Contains(s.Types, "integer") || slices.Contains(s.Types, "number") {
		visit(path, s)
	}
	if s.Items != nil {
		eachNumber(s.Items, append(slices.Clip(path), "[]"), visit)
	}
	for _, name := range s.Properties.Names {
		eachNumber(s.Properties.Schemas[name], append(slices.Clip(path), name), visit)
	}
}
