package payload

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"strings"
)

// The schemas are made of the payload types by a test of this package, which
// also fails when they are out of date: the generator would make every verb's
// program larger by a fifth.
//
//go:generate go test -run TestSchemasAreCurrent -update .
//go:embed schemas/*.json
var schemaFiles embed.FS

// SchemaID names the schema of a verb's payload.
func SchemaID(verb string) string { return "background-tasks." + verb + ".input/v1" }

// schemaText is the published schema of a verb's payload.
func schemaText(verb string) (json.RawMessage, error) {
	e := LookUp(verb)
	if e == nil {
		return nil, UnknownTarget("schema", verb)
	}
	text, err := schemaFiles.ReadFile("schemas/" + e.verb + ".json")
	if err != nil {
		return nil, fmt.Errorf("find the schema of %s: %w", verb, err)
	}
	return text, nil
}

// Schema is what of a JSON Schema payloads are held against.
type Schema struct {
	Types            typeNames  `json:"type"`
	Description      string     `json:"description"`
	Comment          string     `json:"$comment"` // in words what the pattern accepts
	Enum             []string   `json:"enum"`
	MinLength        *int       `json:"minLength"`
	Pattern          string     `json:"pattern"`
	Minimum          *float64   `json:"minimum"`
	ExclusiveMinimum *float64   `json:"exclusiveMinimum"`
	Maximum          *float64   `json:"maximum"`
	WriteOnly        bool       `json:"writeOnly"` // the values are secrets
	Required         []string   `json:"required"`
	Properties       properties `json:"properties"`
	Additional       additional `json:"additionalProperties"`
	Items            *Schema    `json:"items"`
	AnyOf            []*Schema  `json:"anyOf"`
}

// LoadSchema gives the schema of one payload object of a verb.
func LoadSchema(verb string) (*Schema, error) {
	text, err := schemaText(verb)
	if err != nil {
		return nil, err
	}
	s := &Schema{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("read the schema of %s: %w", verb, err)
	}
	if len(s.AnyOf) > 0 {
		s = s.AnyOf[0]
	}
	return s, nil
}

// typeNames is a schema's "type": one name or several.
type typeNames []string

// UnmarshalJSON reads a name or an array of names.
func (n *typeNames) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(data, []byte("[")) {
		return json.Unmarshal(data, (*[]string)(n))
	}
	*n = typeNames{strings.Trim(string(data), `"`)}
	return nil
}

// properties are the members that a schema names, in its order.
type properties struct {
	Names   []string
	Schemas map[string]*Schema
}

// UnmarshalJSON keeps the order of the members.
func (p *properties) UnmarshalJSON(data []byte) error {
	t, err := ParseTree(data)
	if err != nil {
		return err
	}
	for _, m := range t.members {
		p.Names = append(p.Names, m.name)
	}
	return json.Unmarshal(data, &p.Schemas)
}

// additional says what members beside the named ones are: anything, refused,
// or held against a schema.
type additional struct {
	refused bool
	schema  *Schema
}

// UnmarshalJSON reads false or a schema.
func (a *additional) UnmarshalJSON(data []byte) error {
	if a.refused = string(data) == "false"; a.refused {
		return nil
	}
	return json.Unmarshal(data, &a.schema)
}
