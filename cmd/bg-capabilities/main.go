// Command bg-capabilities prints what the suite's JSON command line can do, for
// programs.
//
//	bg-capabilities [--json]
//
// The text form prints the same facts without the envelope.
package main

import (
	"bgtasks/lib/cli"
	"bgtasks/lib/payload"
	"bgtasks/lib/record"
)

func main() {
	cli.Main(&cli.Verb{
		Name:    "capabilities",
		Help:    "Print what the JSON command line can do.",
		Flags:   &flags{},
		JSON:    cli.Plain(func(*cli.Call) (any, error) { return all, nil }),
		Options: []string{cli.OptOutput},
	})
}

type flags struct{ cli.Common }

// Run prints the capabilities.
func (*flags) Run(c *cli.Call) error {
	if c.JSON {
		return c.Succeed(all)
	}
	return c.Indented(all)
}

type capabilities struct {
	ProtocolVersion string    `json:"protocol_version"`
	CLIShape        string    `json:"cli_shape"`
	PayloadModes    []string  `json:"payload_modes"`
	OutputModes     []string  `json:"output_modes"`
	Lifecycle       []string  `json:"lifecycle"`
	Discovery       []string  `json:"discovery"`
	Artifacts       artifacts `json:"artifacts"`
	Batch           batch     `json:"batch"`
	Scheduling      schedule  `json:"scheduling"`
}

type artifacts struct {
	Supported       bool     `json:"supported"`
	Commands        []string `json:"commands"`
	DefaultLogLines int      `json:"default_log_lines"`
}

type batch struct {
	Supported          bool     `json:"supported"`
	Commands           []string `json:"commands"`
	DefaultConcurrency int      `json:"default_concurrency"`
}

// schedule tells what start can say about when a task runs.
type schedule struct {
	Dispositions    []string `json:"dispositions"`
	Dependencies    []string `json:"dependencies"`
	WatchdogActions []string `json:"watchdog_actions"`
	MinPriority     int      `json:"min_priority"`
	MaxPriority     int      `json:"max_priority"`
	DefaultSlots    int      `json:"default_slots"`
}

var all = capabilities{
	ProtocolVersion: "background-tasks-cli/v1",
	CLIShape:        "client/server-control-plane",
	PayloadModes:    []string{"inline-json", "@file", "stdin:-"},
	OutputModes:     []string{"auto", "inline", "artifact"},
	Lifecycle:       []string{"start", "status", "wait", "stop", "restart", "logs", "events", "report"},
	Discovery:       []string{"doctor", "capabilities", "schema list", "schema show", "examples list", "examples show"},
	Artifacts:       artifacts{true, []string{"logs"}, payload.DefaultLines},
	Batch:           batch{true, []string{"start", "stop", "restart"}, cli.DefaultConcurrency},
	Scheduling: schedule{[]string{"created", "reused", "superseded"}, record.AfterWords, record.WatchdogActions,
		record.MinPriority, record.MaxPriority, 1},
}
