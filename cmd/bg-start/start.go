package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bgtasks/lib/cli"
	"bgtasks/lib/control"
	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// startData is what JSON mode tells.
type startData struct {
	Task        *view.Task `json:"task"`
	Lifecycle   lifecycle  `json:"lifecycle"`
	Disposition string     `json:"disposition"` // always created, until tasks can be deduplicated
}

type lifecycle struct {
	SubmittedAt    string         `json:"submitted_at"`
	Waited         bool           `json:"waited"`
	Status         record.Status  `json:"status"`
	TerminalStatus *record.Status `json:"terminal_status"` // null unless it was waited for
}

// start does the verb's work for one payload.
func start(c *cli.Call, p *cli.StartPayload) (*startData, error) {
	if strings.TrimSpace(string(p.Command)) == "" {
		return nil, cli.BlankCommand()
	}
	h, err := c.Home()
	if err != nil {
		return nil, err
	}
	r, err := request(c, p)
	if err != nil {
		return nil, err
	}
	t, err := control.Start(h, r)
	if err != nil {
		return nil, err
	}
	d := &startData{Disposition: "created", Lifecycle: lifecycle{SubmittedAt: t.CreatedAt, Waited: c.Opts.Wait}}
	if d.Task = cli.AtStart(t); c.Opts.Wait {
		if d.Task, err = c.Await(t.ID); err != nil {
			return nil, err
		}
		d.Lifecycle.TerminalStatus = &d.Task.Status
	}
	d.Lifecycle.Status = d.Task.Status
	return d, nil
}

// request completes the payload with what it leaves to the suite.
func request(c *cli.Call, p *cli.StartPayload) (*launch.Request, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the working directory: %w", err)
	}
	command := strings.TrimSpace(string(p.Command))
	s := record.Spec{
		ID: string(p.ID), Name: strings.TrimSpace(string(p.Name)), Command: command, Args: p.Args,
		Workdir: under(dir, string(p.Workdir)), EnvNames: p.Env.Names(), Tags: tidy(p.Tags),
		Kind: either(string(p.Kind), record.DefaultKind), SessionID: string(p.SessionID), Notify: p.Notify,
		Metadata: cli.CompactObject(p.Metadata),
		Split:    p.Split, LogMax: record.DefaultLogMax,
		Leftovers: either(string(p.Leftovers), record.LeftoversKeep), Signal: record.DefaultSignal,
		KillGraceMs: record.DefaultGrace.Milliseconds(), TimeLimitMs: int64(p.TimeLimit),
	}
	s.Name = either(s.Name, filepath.Base(command))
	if p.Stdin != "" {
		s.Stdin = under(dir, string(p.Stdin))
	}
	for _, tee := range p.Tees {
		s.Tees = append(s.Tees, under(dir, string(tee)))
	}
	if err := setLimits(&s, p); err != nil {
		return nil, err
	}
	return &launch.Request{Spec: s, Env: cli.Overlay(os.Environ(), p.Env), Umask: c.Umask}, nil
}

// setLimits takes over the limits that the payload gives.
func setLimits(s *record.Spec, p *cli.StartPayload) error {
	if p.LogMax != nil {
		s.LogMax = int64(*p.LogMax)
	}
	if p.Grace != nil {
		s.KillGraceMs = int64(*p.Grace)
	}
	for _, code := range p.Successes {
		s.SuccessExitCodes = append(s.SuccessExitCodes, int(code))
	}
	if p.Signal == "" {
		return nil
	}
	var signal cli.Signal
	err := signal.UnmarshalText([]byte(p.Signal))
	s.Signal = string(signal)
	return err
}

// under makes a path absolute, as seen from dir; "" is dir itself.
func under(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

func either(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// tidy trims tags, and drops empty and repeated ones.
func tidy(tags []string) []string {
	list := []string{}
	for _, tag := range tags {
		if tag = strings.TrimSpace(tag); tag != "" && !slices.Contains(list, tag) {
			list = append(list, tag)
		}
	}
	return list
}
