package payload

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"bgtasks/lib/config"
	"bgtasks/lib/find"
	"bgtasks/lib/record"
)

var update = flag.Bool("update", false, "write the schemas anew")

// draft is the JSON Schema version that the schemas are written for.
const draft = "http://json-schema.org/draft-07/schema#"

// maxInteger is the largest integer that every JSON reader keeps exactly.
const maxInteger = 1<<53 - 1

// payloadTypes are the types that decode the payloads of the catalog.
var payloadTypes = map[string]reflect.Type{
	"start":   reflect.TypeFor[Start](),
	"status":  reflect.TypeFor[Status](),
	"list":    reflect.TypeFor[List](),
	"clear":   reflect.TypeFor[Clear](),
	"logs":    reflect.TypeFor[Logs](),
	"stop":    reflect.TypeFor[Stop](),
	"restart": reflect.TypeFor[Restart](),
	"wait":    reflect.TypeFor[Task](),
	"events":  reflect.TypeFor[Events](),
	"report":  reflect.TypeFor[Report](),
	"queue":   reflect.TypeFor[Queue](),
}

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
			t.Errorf("%s is not what the type %s gives (%v): run go generate ./lib/cli", path, payloadTypes[e.verb].Name(), err)
		}
	}
}

// TestPayloadTypesAreInCatalog holds that each type is some verb's.
func TestPayloadTypesAreInCatalog(t *testing.T) {
	for verb := range payloadTypes {
		if LookUp(verb) == nil {
			t.Errorf("payloadTypes in schema_test.go has a type for %q, which catalog.go does not know", verb)
		}
	}
}

// generate makes the published schema of a verb's payload, on one line: all of
// them are in every program.
func generate(e Entry) ([]byte, error) {
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
	return append(append([]byte(head), body[1:]...), '\n'), nil
}

func payloadSchema(e Entry) (*jsonschema.Schema, error) {
	if payloadTypes[e.verb] == nil {
		return nil, fmt.Errorf("payloadTypes in schema_test.go has no type for the verb %q of catalog.go", e.verb)
	}
	s, err := jsonschema.ForType(payloadTypes[e.verb], &jsonschema.ForOptions{TypeSchemas: constraints()})
	if err != nil {
		return nil, fmt.Errorf("make the schema of %s: %w", payloadTypes[e.verb].Name(), err)
	}
	dropNull(s)
	if !e.Batch {
		return s, nil
	}
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{s, {Type: "array", Items: &jsonschema.Schema{Ref: "#/anyOf/0"}}}}, nil
}

// constraints are the schemas of the payloads' own types.
func constraints() map[reflect.Type]*jsonschema.Schema {
	id := strings.Trim(record.IDPattern, "^$")
	text := &jsonschema.Schema{Type: "string", Title: "minLength(1)", MinLength: jsonschema.Ptr(1)}
	newID := text.CloneSchemas()
	newID.Pattern, newID.Comment = `^\s*(`+id+`)?\s*$`, "an id of "+record.IDGrammar+IDWhy
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[TaskID]():      text,
		reflect.TypeFor[NewTaskID]():   newID,
		reflect.TypeFor[Text]():        text,
		reflect.TypeFor[Object]():      {Type: "object"},
		reflect.TypeFor[Environment](): {Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "string"}, WriteOnly: true},
		reflect.TypeFor[Size](): {Types: []string{"integer", "string"}, Minimum: number(0), Maximum: number(maxInteger),
			Pattern: `^[0-9]{1,5}(\.[0-9]{1,3})?[tT]([iI]?[bB])?$|^[0-9]{1,9}(\.[0-9]{1,3})?([kKmMgG]([iI]?[bB])?|[bB])?$`,
			Comment: "a size such as 1048576, 10M, 10MiB or 10MB"},
		reflect.TypeFor[Positive]():      {Type: "integer", Title: "positive", ExclusiveMinimum: number(0), Maximum: number(maxInteger)},
		reflect.TypeFor[NonNegative]():   {Type: "integer", Minimum: number(0), Maximum: number(maxInteger)},
		reflect.TypeFor[Lifetime]():      {Type: "integer", Minimum: number(0), Maximum: number(config.Largest)},
		reflect.TypeFor[ExitCode]():      {Type: "integer", Minimum: number(0), Maximum: number(255)},
		reflect.TypeFor[PercentChange](): {Types: []string{"number", "null"}, Minimum: number(0), Maximum: number(100)},
		reflect.TypeFor[LabelChange]():   {Types: []string{"string", "null"}},
		reflect.TypeFor[MetaChange]():    {Types: []string{"object", "null"}},
		reflect.TypeFor[Value]():         {},
		reflect.TypeFor[StatusName]():    {Type: "string", Enum: values(statusNames)},
		reflect.TypeFor[StateName]():     {Type: "string", Enum: values(record.LifeStates)},
		reflect.TypeFor[OrderName]():     {Type: "string", Enum: orderNames()},
		reflect.TypeFor[LeftoverName]():  {Type: "string", Enum: values(record.LeftoverPolicies)},
		reflect.TypeFor[ConsumerName]():  {Type: "string", Pattern: record.IDPattern, Comment: "a consumer's name of " + record.IDGrammar},
		reflect.TypeFor[EventWord]():     {Type: "string", Enum: values(record.EventNames)},
		reflect.TypeFor[QueueName]():     {Type: "string", Pattern: record.IDPattern, Comment: "a queue's name of " + record.IDGrammar},
		reflect.TypeFor[QueueAction]():   {Type: "string", Enum: values(QueueActions)},
		reflect.TypeFor[Priority]():      {Type: "integer", Minimum: number(record.MinPriority), Maximum: number(record.MaxPriority)},
		reflect.TypeFor[Attempts]():      {Type: "integer", Title: "positive", ExclusiveMinimum: number(0), Maximum: number(MaxAttempts)},
		reflect.TypeFor[Factor]():        {Type: "number", Minimum: number(1), Maximum: number(MaxFactor)},
		reflect.TypeFor[Share]():         {Type: "number", Minimum: number(0), Maximum: number(1)},
		reflect.TypeFor[WatchdogName]():  {Type: "string", Enum: values(record.WatchdogActions)},
		reflect.TypeFor[AfterEntry]():    afterSchema(text.CloneSchemas()),
		reflect.TypeFor[Instant](): {Types: []string{"integer", "string"}, Minimum: number(0), Maximum: number(maxInteger),
			Pattern: `^\s*\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?\s*$`,
			Comment: "a time such as 2006-01-02T15:04:05Z or 2006-01-02 15:04"},
	}
}

// afterSchema is that of {when, id} and of when:id alike.
func afterSchema(id *jsonschema.Schema) *jsonschema.Schema {
	words := strings.Join(record.AfterWords, "|")
	id.Description = "The task's id."
	return &jsonschema.Schema{
		Types:   []string{"object", "string"},
		Pattern: `^\s*(` + words + `):[^,:]+$`,
		Comment: "afterok:ID, afterany:ID or afternotok:ID",
		Properties: map[string]*jsonschema.Schema{
			"when": {Type: "string", Enum: values(record.AfterWords), Description: "afterok: it has succeeded; afternotok: it has ended otherwise; afterany: it has ended."},
			"id":   id,
		},
		PropertyOrder: []string{"when", "id"}, Required: []string{"when", "id"},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
}

// orderNames are the orders in the words of payloads.
func orderNames() (names []any) {
	for _, by := range find.Orders {
		names = append(names, by+"_asc", by+"_desc")
	}
	return names
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
// a member that is not wanted is left out. The generator puts null first; a type
// of ours that takes it says so last.
func dropNull(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if len(s.Types) > 0 && s.Types[0] == "null" {
		s.Types = s.Types[1:]
	}
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
