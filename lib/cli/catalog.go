package cli

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// entry is what discovery says about a verb with a payload.
type entry struct {
	verb        string
	description string
	payload     reflect.Type
	batch       bool
	examples    []Example
}

// Example is a payload that works, with a name.
type Example struct {
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"`
}

var catalog = []entry{
	{"start", "Start a task, or a batch of tasks.", reflect.TypeFor[StartPayload](), true, []Example{
		{"start custom command", json.RawMessage(`{"id":"bg_demo","name":"demo server","command":"sh","args":["-c","printf 'ready\\n'; sleep 60"],"tags":["demo"]}`)},
		{"batch start", json.RawMessage(`[{"id":"bg_one","command":"sleep","args":["30"]},{"id":"bg_two","command":"sleep","args":["30"]}]`)},
	}},
	{"status", "Look at one task.", reflect.TypeFor[TaskPayload](), false, []Example{
		{"inspect task", json.RawMessage(`{"id":"bg_demo"}`)},
	}},
	{"list", "List tasks, all or those that match the filters.", reflect.TypeFor[ListPayload](), false, []Example{
		{"running demo tasks", json.RawMessage(`{"status":"running","tag":"demo"}`)},
	}},
	{"logs", "Read the end of a task's output.", reflect.TypeFor[LogsPayload](), false, []Example{
		{"last 50 lines", json.RawMessage(`{"id":"bg_demo","lines":50}`)},
	}},
	{"stop", "End a task with its whole process tree, or a batch of tasks.", reflect.TypeFor[StopPayload](), true, []Example{
		{"stop task", json.RawMessage(`{"id":"bg_demo"}`)},
	}},
	{"restart", "End a task if it runs and run it again under the same id, or a batch of tasks.", reflect.TypeFor[RestartPayload](), true, []Example{
		{"restart task", json.RawMessage(`{"id":"bg_demo"}`)},
	}},
	{"wait", "Wait until a task has ended.", reflect.TypeFor[TaskPayload](), false, []Example{
		{"wait for terminal state", json.RawMessage(`{"id":"bg_demo"}`)},
	}},
	{"events", "Read a task's status and the end of its output as frames.", reflect.TypeFor[EventsPayload](), false, []Example{
		{"read event frames", json.RawMessage(`{"id":"bg_demo","lines":20}`)},
	}},
}

func lookUp(verb string) *entry {
	verb = strings.TrimSpace(verb)
	i := slices.IndexFunc(catalog, func(e entry) bool { return e.verb == verb })
	if i < 0 {
		return nil
	}
	return &catalog[i]
}

// PayloadVerbs are the verbs that take a payload.
func PayloadVerbs() []string {
	verbs := make([]string, len(catalog))
	for i, e := range catalog {
		verbs[i] = e.verb
	}
	return verbs
}

func unknownTarget(what, target string) error {
	f := inputFailure("unknown "+what+" target", Detail{"target", target}, Detail{"available", PayloadVerbs()})
	f.Text = "no " + what + " for " + quoted(target)
	f.Hint = "one of " + commaList(PayloadVerbs())
	return f
}

// SchemaList is what schema list tells.
type SchemaList struct {
	Schemas []SchemaInfo `json:"schemas"`
}

// SchemaInfo names a schema.
type SchemaInfo struct {
	Command     string `json:"command"`
	SchemaID    string `json:"schema_id"`
	Description string `json:"description"`
}

// ListSchemas lists the schemas of all payloads.
func ListSchemas() *SchemaList {
	list := &SchemaList{}
	for _, e := range catalog {
		list.Schemas = append(list.Schemas, SchemaInfo{e.verb, SchemaID(e.verb), e.description})
	}
	return list
}

// SchemaData is what schema show tells.
type SchemaData struct {
	SchemaInfo
	Schema json.RawMessage `json:"schema"`
}

// ShowSchema gives the schema of a verb's payload.
func ShowSchema(verb string) (*SchemaData, error) {
	text, err := schemaText(verb)
	if err != nil {
		return nil, err
	}
	e := lookUp(verb)
	return &SchemaData{SchemaInfo{e.verb, SchemaID(e.verb), e.description}, text}, nil
}

// ExampleList is what examples list tells.
type ExampleList struct {
	Commands []ExampleCount `json:"commands"`
}

// ExampleCount says how many examples a verb has.
type ExampleCount struct {
	Command string `json:"command"`
	Count   int    `json:"count"`
}

// ListExamples lists the verbs that have examples.
func ListExamples() *ExampleList {
	list := &ExampleList{}
	for _, e := range catalog {
		list.Commands = append(list.Commands, ExampleCount{e.verb, len(e.examples)})
	}
	return list
}

// ExampleData is what examples show tells.
type ExampleData struct {
	Command  string    `json:"command"`
	Examples []Example `json:"examples"`
}

// ShowExamples gives the examples of a verb.
func ShowExamples(verb string) (*ExampleData, error) {
	e := lookUp(verb)
	if e == nil {
		return nil, unknownTarget("examples", verb)
	}
	return &ExampleData{e.verb, e.examples}, nil
}
