package payload

import (
	"encoding/json"
	"slices"
	"strings"

	"bgtasks/lib/fault"
)

// Entry is what discovery says about a verb with a payload. The payloads' types are
// in the test that makes the schemas: here each would be in every program.
type Entry struct {
	verb        string
	Description string
	Batch       bool
	examples    []Example
}

// Example is a payload that works, with a name.
type Example struct {
	Name  string          `json:"name"`
	Input json.RawMessage `json:"input"`
}

var catalog = []Entry{
	{"start", "Start a task, or a batch of tasks.", true, []Example{
		{"start custom command", json.RawMessage(`{"id":"bg_demo","name":"demo server","command":"sh","args":["-c","printf 'ready\\n'; sleep 60"],"tags":["demo"]}`)},
		{"batch start", json.RawMessage(`[{"id":"bg_one","command":"sleep","args":["30"]},{"id":"bg_two","command":"sleep","args":["30"]}]`)},
		{"wait in a queue, and try again", json.RawMessage(`{"id":"bg_download","command":"sh","args":["-c","echo downloading"],"queue":"downloads","priority":5,"maxAttempts":3,"backoff":{"minDelayMs":1000,"maxDelayMs":60000,"factor":2,"jitter":0.1},"noRetryExitCodes":[2]}`)},
		{"once for a key", json.RawMessage(`{"id":"bg_import","command":"sleep","args":["30"],"kind":"import","dedupeKey":"import:users","concurrencyKey":"database"}`)},
		{"the newest of a key", json.RawMessage(`{"id":"bg_scan","command":"sleep","args":["30"],"kind":"scan","supersedeKey":"repo:42"}`)},
		{"after another task", json.RawMessage(`{"id":"bg_after","command":"echo","args":["done"],"after":[{"when":"afterany","id":"bg_two"}]}`)},
		{"a server that runs once", json.RawMessage(`{"id":"bg_server","command":"sleep","args":["30"],"ensure":true,"watchdogMs":60000}`)},
	}},
	{"status", "Show one task.", false, []Example{
		{"inspect task", json.RawMessage(`{"id":"bg_demo"}`)},
		{"inspect task with its last steps", json.RawMessage(`{"id":"bg_demo","steps":20}`)},
	}},
	{"list", "List all tasks, or those that match filters.", false, []Example{
		{"running demo tasks", json.RawMessage(`{"status":"running","tag":"demo"}`)},
		{"the newest failures of two kinds, and how many there are of what", json.RawMessage(`{"kinds":["command","import"],"states":["failed","timed_out"],"orderBy":"exited_desc","limit":20,"includeAggregate":true}`)},
		{"what belongs to one key, by page", json.RawMessage(`{"channels":["concurrency:database"],"since":"2026-01-01","limit":50,"offset":50}`)},
	}},
	{"clear", "Remove finished tasks: the selected ones, those that rules pick, or those that the rules of config.json pick.", false, []Example{
		{"what would go by the rules of config.json", json.RawMessage(`{"dryRun":true}`)},
		{"what succeeded over a day ago, and old failures", json.RawMessage(`{"successTtlMs":86400000,"keepLatestFailuresPerKind":100}`)},
		{"one finished task", json.RawMessage(`{"ids":["bg_demo"]}`)},
	}},
	{"logs", "Print the last lines of a task's output.", false, []Example{
		{"last 50 lines", json.RawMessage(`{"id":"bg_demo","lines":50}`)},
	}},
	{"stop", "End a task with its whole process tree, or a batch of tasks.", true, []Example{
		{"stop task", json.RawMessage(`{"id":"bg_demo"}`)},
	}},
	{"restart", "End a task if it runs and run it again under the same id, or a batch of tasks.", true, []Example{
		{"restart task", json.RawMessage(`{"id":"bg_demo"}`)},
	}},
	{"wait", "Wait until a task has ended.", false, []Example{
		{"wait for terminal state", json.RawMessage(`{"id":"bg_demo"}`)},
	}},
	{"events", "Print events of the journal, or a task's status and the last lines of its output as frames.", false, []Example{
		{"read event frames", json.RawMessage(`{"id":"bg_demo","lines":20}`)},
		{"failures from a cursor on", json.RawMessage(`{"cursor":0,"states":["failed","timed_out"],"maxEvents":100}`)},
		{"snapshots to begin with", json.RawMessage(`{"bootstrap":true,"tags":["demo"],"limit":20,"steps":5}`)},
		{"what a consumer has not acknowledged", json.RawMessage(`{"consumer":"mailer","events":["succeeded","failed"]}`)},
	}},
	{"report", "From inside a task: report progress, steps, heartbeats and a result.", false, []Example{
		{"report progress", json.RawMessage(`{"id":"bg_demo","percent":35,"label":"transcoding","meta":{"frame":1820}}`)},
		{"record a step", json.RawMessage(`{"id":"bg_demo","step":{"kind":"checkpoint","message":"Source downloaded","percent":20}}`)},
	}},
	{"queue", "Show queues, set their slots, pause, resume and drain them.", false, []Example{
		{"give a queue four slots", json.RawMessage(`{"action":"set","queue":"build","slots":4}`)},
		{"limit a kind", json.RawMessage(`{"action":"set","kind":"encode","limit":2}`)},
		{"pause two queues", json.RawMessage(`{"action":"pause","queues":["build","deploy"]}`)},
		{"see where the queues stand", json.RawMessage(`{"action":"list"}`)},
	}},
}

// LookUp finds the entry of a verb; nil if it takes no payload.
func LookUp(verb string) *Entry {
	verb = strings.TrimSpace(verb)
	i := slices.IndexFunc(catalog, func(e Entry) bool { return e.verb == verb })
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

// UnknownTarget is the failure of a look-up by a verb that takes no payload. what says what was looked up.
func UnknownTarget(what, target string) error {
	f := fault.Input("unknown "+what+" target", fault.With("target", target), fault.With("available", PayloadVerbs()))
	f.Text = "no " + what + " for " + fault.Quoted(target)
	f.Hint = "one of " + fault.CommaList(PayloadVerbs())
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
		list.Schemas = append(list.Schemas, SchemaInfo{e.verb, SchemaID(e.verb), e.Description})
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
	e := LookUp(verb)
	return &SchemaData{SchemaInfo{e.verb, SchemaID(e.verb), e.Description}, text}, nil
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
	e := LookUp(verb)
	if e == nil {
		return nil, UnknownTarget("examples", verb)
	}
	return &ExampleData{e.verb, e.examples}, nil
}
