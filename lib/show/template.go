package show

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/view"
)

// template is what -o takes beside the names of formats: text with {{…}} in it,
// of which bg-list(1) tells all there is. The template engine of the standard
// library calls methods by their names, so that the linker keeps all of them; it
// was a twentieth of the program.
type template struct {
	nodes  []node
	fields fieldTables
}

// node is a piece of text, or a field with what is done to it.
type node struct {
	text   string
	action string   // "" for text, else "print", "json" or "join"
	path   []string // the field, with those it is in; none is the task itself
	sep    string   // of join
}

// templateError is a template that is wrong.
type templateError struct{ why string }

func (e *templateError) Error() string { return e.why }

func wrong(format string, args ...any) error { return &templateError{fmt.Sprintf(format, args...)} }

// parseTemplate reads a template, and holds its fields against the task object.
func parseTemplate(text string) (*template, error) {
	t := &template{fields: fieldTables{}}
	for text != "" {
		before, rest, found := strings.Cut(text, "{{")
		if before != "" {
			t.nodes = append(t.nodes, node{text: unescape(before)})
		}
		if !found {
			break
		}
		inside, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, wrong("{{ without }}")
		}
		n, err := parseAction(strings.TrimSpace(inside))
		if err == nil {
			err = t.fields.check(reflect.TypeFor[view.Task](), n.path)
		}
		if err != nil {
			return nil, err
		}
		t.nodes, text = append(t.nodes, n), after
	}
	return t, nil
}

// unescape reads the three escapes that a shell's quotes make hard to type.
func unescape(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\t`, "\t", `\n`, "\n").Replace(text)
}

// parseAction reads what stands between the braces.
func parseAction(text string) (n node, err error) {
	n.action = "print"
	if word, rest, found := strings.Cut(text, " "); found && (word == "json" || word == "join") {
		n.action, text = word, strings.TrimSpace(rest)
	}
	if n.action == "join" {
		field, quoted, _ := strings.Cut(text, " ")
		if n.sep, err = strconv.Unquote(strings.TrimSpace(quoted)); err != nil {
			return n, wrong("join takes a field and a quoted text, as in {{join .Tags \"; \"}}, got {{join %s}}", text)
		}
		text = field
	}
	if !strings.HasPrefix(text, ".") || strings.ContainsAny(text, " \t\n") {
		return n, wrong("expected {{.FIELD}}, {{json .FIELD}} or {{join .FIELD \"TEXT\"}}, got {{%s}}", text)
	}
	if text == "." {
		if n.action != "json" {
			return n, wrong("a task is no text: {{json .}} prints it whole")
		}
		return n, nil
	}
	n.path = strings.Split(text[1:], ".")
	return n, nil
}

// check finds a field that is not there as far as that is known beforehand:
// what the caller's own objects hold is not.
func (tables fieldTables) check(t reflect.Type, path []string) error {
	for i, name := range path {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			if t.Kind() == reflect.Map || t == rawType || t.Kind() == reflect.Interface {
				return nil
			}
			return wrong("%s has no fields", strings.Join(path[:i], "."))
		}
		f, found := tables.of(t)[name]
		if !found {
			return wrong("no field %q%s", strings.Join(path[:i+1], "."), meant(name, fieldNames(t)))
		}
		t = f.Type
	}
	return nil
}

func meant(name string, names []string) string {
	if near := payload.CloseWords(name, names); len(near) > 0 {
		return ", did you mean " + strings.Join(near, " or ") + "?"
	}
	return ""
}

var rawType = reflect.TypeFor[json.RawMessage]()

// fieldTables are the fields of types that JSON mode prints, by the names that
// they have there and by those with a capital letter.
type fieldTables map[reflect.Type]map[string]reflect.StructField

func (tables fieldTables) of(t reflect.Type) map[string]reflect.StructField {
	if table := tables[t]; table != nil {
		return table
	}
	table := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		if name := jsonName(f); name != "" {
			table[name], table[f.Name] = f, f
		}
	}
	tables[t] = table
	return table
}

// jsonName is a field's name in JSON, "" if it has none.
func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "-" {
		return ""
	}
	return name
}

func fieldNames(t reflect.Type) (names []string) {
	for _, f := range reflect.VisibleFields(t) {
		if jsonName(f) != "" {
			names = append(names, f.Name)
		}
	}
	return names
}

// execute appends what the template makes of a task, with a newline. task is as
// Known gives it.
func (t *template) execute(b []byte, task any) ([]byte, error) {
	for _, n := range t.nodes {
		if n.action == "" {
			b = append(b, n.text...)
			continue
		}
		text, err := n.render(t.fields.dig(reflect.ValueOf(task), n.path))
		if err != nil {
			return b, err
		}
		b = append(b, text...)
	}
	return append(b, '\n'), nil
}

// dig follows a path. The result is invalid where nothing is known.
func (tables fieldTables) dig(v reflect.Value, path []string) reflect.Value {
	for v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface) {
		v = v.Elem()
	}
	if !v.IsValid() || len(path) == 0 {
		return v
	}
	switch {
	case v.Type() == rawType:
		return digRaw(v.Bytes(), path)
	case v.Kind() == reflect.Map:
		return tables.dig(v.MapIndex(reflect.ValueOf(path[0])), path[1:])
	case v.Kind() != reflect.Struct:
		return reflect.Value{}
	}
	f, found := tables.of(v.Type())[path[0]]
	if !found {
		return reflect.Value{}
	}
	inner := v.FieldByIndex(f.Index)
	if strings.Contains(f.Tag.Get("json"), ",omit") && inner.IsZero() {
		return reflect.Value{}
	}
	return tables.dig(inner, path[1:])
}

// digRaw follows a path into an object of the caller's own.
func digRaw(text []byte, path []string) reflect.Value {
	t, err := payload.ParseTree(text)
	if err != nil {
		return reflect.Value{}
	}
	for _, name := range path {
		if t = t.Member(name); t == nil {
			return reflect.Value{}
		}
	}
	if t.Kind == "string" {
		return reflect.ValueOf(t.Str)
	}
	return reflect.ValueOf(json.RawMessage(t.Text))
}

// render writes a value: as JSON if that was asked for or it has no other form,
// a list of words with a comma between them. What is not known is empty.
func (n *node) render(v reflect.Value) (string, error) {
	switch {
	case n.action == "json":
		return renderJSON(v)
	case !v.IsValid():
		return "", nil
	}
	switch v.Kind() {
	case reflect.String:
		return v.String(), nil
	case reflect.Int, reflect.Int64, reflect.Bool, reflect.Float64:
		return fmt.Sprint(v.Interface()), nil
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String {
			return n.join(v), nil
		}
	}
	text, err := renderJSON(v)
	if text == "null" {
		text = ""
	}
	return text, err
}

func (n *node) join(list reflect.Value) string {
	words := make([]string, list.Len())
	for i := range words {
		words[i] = list.Index(i).String()
	}
	if n.action == "join" {
		return strings.Join(words, n.sep)
	}
	return strings.Join(words, ",")
}

func renderJSON(v reflect.Value) (string, error) {
	if !v.IsValid() {
		return "null", nil
	}
	text, err := fault.Marshal(v.Interface())
	return string(text), err
}
