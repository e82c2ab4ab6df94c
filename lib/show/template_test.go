package show

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

func templateTask() *view.Task {
	code := 3
	return &view.Task{ID: "a", Name: "x y", Tags: []string{"t", "u"}, Args: []string{"-c", "<&>"}, ExitCode: &code,
		State: record.Failed, Env: map[string]string{"HOME": view.Redacted}, PID: 0, NotifyOnExit: true,
		Metadata: json.RawMessage(`{"owner":{"name":"ann","id":7},"on":true,"no":null}`),
		Usage:    &view.Usage{UserMs: 12}}
}

func TestTemplate(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                                 "plain",
		"{{.ID}}":                               "a",
		"{{ .id }} {{.State}} {{.state}}":       "a failed failed",
		`{{.ID}}\t{{.Name}}\n\\n`:               "a\tx y\n" + `\n`,
		"{{.ExitCode}}|{{.Signal}}|":            "3||",
		"{{.PID}}{{.reason}}":                   "", // what JSON leaves out is empty
		"{{.Leftovers}} {{.NotifyOnExit}}":      "0 true",
		"{{.Tags}}":                             "t,u",
		"{{join .Tags \"; \"}}":                 "t; u",
		"{{join .Tags `+`}}":                    "t+u",
		"{{json .Tags}}":                        `["t","u"]`,
		"{{json .Args}}":                        `["-c","<&>"]`,
		"{{json .Signal}}":                      "null",
		"{{.Usage.UserMs}}/{{.usage.maxRssKb}}": "12/0",
		"{{.Usage}}":                            `{"userMs":12,"systemMs":0,"maxRssKb":0}`,
		"{{.Stop.Reason}}":                      "",
		"{{.Env.HOME}}{{.Env.NONE}}":            view.Redacted,
		"{{.Metadata.owner.name}} {{.metadata.owner.id}} {{.Metadata.on}}": "ann 7 true",
		"{{.Metadata.owner}}":                         `{"name":"ann","id":7}`,
		"{{.Metadata.no}}{{.Metadata.absent.deeper}}": "",
		"}} {x}": "}} {x}",
	} {
		if got := executed(t, text, templateTask()); got != want+"\n" {
			t.Errorf("template %q = %q, want %q", text, got, want+"\n")
		}
	}
	whole := executed(t, "{{json .}}", templateTask())
	if !strings.HasPrefix(whole, `{"id":"a",`) || !json.Valid([]byte(whole)) {
		t.Errorf("template {{json .}} = %q, want the task object", whole)
	}
}

// P3: what can't be read is empty, and no zero.
func TestTemplateOfAnUnreadableTask(t *testing.T) {
	broken := &view.Task{ID: "b", Unreadable: errors.New("torn"), Fault: "torn"}
	const text = "{{.ID}}|{{.Run}}|{{.KillGraceMs}}|{{.State}}|{{json .Tags}}"
	if got, want := executed(t, text, broken), "b||||null\n"; got != want {
		t.Errorf("template %q = %q, want %q", text, got, want)
	}
}

func executed(t *testing.T, text string, task *view.Task) string {
	t.Helper()
	tmpl, err := parseTemplate(text)
	if err != nil {
		t.Fatalf("template %q: %v", text, err)
	}
	out, err := tmpl.execute(nil, Known([]*view.Task{task})[0])
	if err != nil {
		t.Errorf("template %q: %v", text, err)
	}
	return string(out)
}

func TestFaultyTemplates(t *testing.T) {
	for text, want := range map[string]string{
		"{{":                  "{{ without }}",
		"{{.ID":               "{{ without }}",
		"{{.Pid}}":            `no field "Pid", did you mean PID?`,
		"{{.Exit}}":           `no field "Exit", did you mean ExitCode or ExitedAt?`,
		"{{.Usage.User}}":     `no field "Usage.User", did you mean UserMs?`,
		"{{.Zzz}}":            `no field "Zzz"`,
		"{{.ID.X}}":           "ID has no fields",
		"{{.Spec}}":           `no field "Spec"`,
		"{{.}}":               "a task is no text",
		"{{}}":                "expected {{.FIELD}}",
		"{{ID}}":              "expected {{.FIELD}}",
		"{{if .ID}}x{{end}}":  "expected {{.FIELD}}",
		"{{.ID | json}}":      "expected {{.FIELD}}",
		"{{join .Tags}}":      "join takes a field and a quoted text",
		"{{join .Tags ','x}}": "join takes a field and a quoted text",
	} {
		if _, err := parseTemplate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("template %q = %v, want an error with %q", text, err, want)
		}
	}
}
