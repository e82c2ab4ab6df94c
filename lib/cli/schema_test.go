package cli

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"bgtasks/lib/record"
)

var update = flag.Bool("update", false, "write the schemas anew")

// draft is the JSON Schema version that the schemas are written for.
const draft = "http://json-schema.org/draft-07/schema#"

// maxInteger is the largest integer that every JSON reader keeps exactly.
const maxInteger = 1<<53 - 1

func TestSchemasAreCurrent(t *testing.T) {
	for _, e := range catalog {
		want, err := generate(e)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("schemas", e.verb+".json")
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the type %s gives (%v): run go generate ./lib/cli", path, e.payload.Name(), err)
		}
	}
}

// generate makes the published schema of a verb's payload.
func generate(e entry) ([]byte, error) {
	s, err := payloadSchema(e)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	head := `{"$schema":"` + draft + `",`
	if s.Type == "object" && len(s.Required) == 0 {
		head += `"required":[],`
	}
	var b bytes.Buffer
	if err := json.Indent(&b, append([]byte(head), body[1:]...), "", "  "); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func payloadSchema(e entry) (*jsonschema.Schema, error) {
	s, err := jsonschema.ForType(e.payload, &jsonschema.ForOptions{TypeSchemas: constraints()})
	if err != nil {
		return nil, fmt.Errorf("make the schema of %s: %w", e.payload.Name(), err)
	}
	dropNull(s)
	if !e.batch {
		return s, nil
	}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "array", Items: s.CloneSchemas()}}}, nil
}

// constraints are the schemas of the payloads' own types.
func constraints() map[reflect.Type]*jsonschema.Schema {
	id := strings.Trim(record.IDPattern, "^$")
	text := &jsonschema.Schema{Type: "string", Title: "minLength(1)", MinLength: jsonschema.Ptr(1)}
	idText := func(pattern string) *jsonschema.Schema {
		s := text.CloneSchemas()
		s.Pattern, s.Comment = pattern, "an id of "+record.IDGrammar
		return s
	}
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[TaskID]():      idText(`^\s*` + id + `\s*$`),
		reflect.TypeFor[NewTaskID]():   idText(`^\s*(` + id + `)?\s*$`),
		reflect.TypeFor[Text]():        text,
		reflect.TypeFor[Object]():      {Type: "object"},
		reflect.TypeFor[Environment](): {Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "string"}, WriteOnly: true},
		reflect.TypeFor[Size](): {Types: []string{"integer", "string"}, Minimum: number(0), Maximum: number(maxInteger),
			Pattern: `^[0-9]{1,5}(\.[0-9]{1,3})?[tT]([iI]?[bB])?$|^[0-9]{1,9}(\.[0-9]{1,3})?([kKmMgG]([iI]?[bB])?|[bB])?$`,
			Comment: "a size such as 1048576, 10M, 10MiB or 10MB"},
		reflect.TypeFor[Positive]():     {Type: "integer", Title: "positive", ExclusiveMinimum: number(0), Maximum: number(maxInteger)},
		reflect.TypeFor[NonNegative]():  {Type: "integer", Minimum: number(0), Maximum: number(maxInteger)},
		reflect.TypeFor[ExitCode]():     {Type: "integer", Minimum: number(0), Maximum: number(255)},
		reflect.TypeFor[StatusName]():   {Type: "string", Enum: values(statusNames)},
		reflect.TypeFor[StateName]():    {Type: "string", Enum: values(record.LifeStates)},
		reflect.TypeFor[LeftoverName](): {Type: "string", Enum: values(record.LeftoverPolicies)},
	}
}

// statusNames are record.Statuses, those of a started task first.
var statusNames = []record.Status{record.StatusRunning, record.StatusExited, record.StatusKilled,
	record.StatusFailed, record.StatusStarting, record.StatusQueued}

func number(n float64) *float64 { return &n }

func values[S ~string](names []S) []any {
	list := make([]any, len(names))
	for i, n := range names {
		list[i] = string(n)
	}
	return list
}

// dropNull takes back what the generator grants to Go's pointers and slices:
// null is never a value here, a member that is not wanted is left out.
func dropNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	s.Types = slices.DeleteFunc(s.Types, func(t string) bool { return t == "null" })
	switch len(s.Types) {
	case 0:
		s.Types = nil
	case 1:
		s.Type, s.Types = s.Types[0], nil
	}
	dropNull(s.Items)
	for _, p := range s.Properties {
		dropNull(p)
	}
}
