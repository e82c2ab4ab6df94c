package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/launch"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
)

// maker makes requests of payloads.
type maker struct {
	call    *cli.Call
	environ []string    // the caller's
	dir     string      // the caller's working directory
	home    *store.Home // known with the first request
}

// request completes a payload with what it leaves to the suite.
func (m *maker) request(p *cli.StartPayload) (*sched.Request, error) {
	if strings.TrimSpace(string(p.Command)) == "" {
		return nil, cli.BlankCommand()
	}
	if err := m.look(); err != nil {
		return nil, err
	}
	s, err := m.spec(p)
	if err != nil {
		return nil, err
	}
	env := slices.Clip(m.environ)
	if len(p.Env) > 0 {
		env = cli.Overlay(env, p.Env)
	}
	r := &sched.Request{
		Request: launch.Request{Spec: *s, Env: env, Umask: m.call.Umask},
		Queue:   string(p.Queue), Priority: int(p.Priority), Delay: time.Duration(p.Delay) * time.Millisecond,
		After: p.Dependencies(), Ensure: p.Ensure,
	}
	if p.At != "" {
		r.At, err = p.At.Time()
	}
	return r, err
}

// look finds out what all requests of a call have in common.
func (m *maker) look() (err error) {
	if m.home != nil {
		return nil
	}
	home, err := m.call.Home()
	if err != nil {
		return err
	}
	if m.dir, err = os.Getwd(); err != nil {
		return fmt.Errorf("find the working directory: %w", err)
	}
	m.home = home
	return nil
}

// spec completes a payload with what it leaves to the suite.
func (m *maker) spec(p *cli.StartPayload) (*record.Spec, error) {
	command := strings.TrimSpace(string(p.Command))
	s := &record.Spec{
		ID: string(p.ID), Name: strings.TrimSpace(string(p.Name)), Command: command, Args: p.Args,
		Workdir: under(m.dir, string(p.Workdir)), EnvNames: p.Env.Names(), Tags: tidy(p.Tags),
		Kind: either(string(p.Kind), record.DefaultKind), SessionID: string(p.SessionID), Notify: p.Notify,
		Metadata: cli.CompactObject(p.Metadata),
		Split:    p.Split, LogMax: record.DefaultLogMax,
		Leftovers: either(string(p.Leftovers), record.LeftoversKeep), Signal: record.DefaultSignal,
		KillGraceMs: record.DefaultGrace.Milliseconds(), TimeLimitMs: int64(p.TimeLimit),
	}
	s.Name = either(s.Name, filepath.Base(command))
	s.KeepEnv = m.call.Suite && len(p.Env) > 0 // so that restart works as its users know it
	if p.KeepEnv != nil {
		s.KeepEnv = *p.KeepEnv
	}
	if p.Stdin != "" {
		s.Stdin = under(m.dir, string(p.Stdin))
	}
	for _, tee := range p.Tees {
		s.Tees = append(s.Tees, under(m.dir, string(tee)))
	}
	setSchedule(s, &p.SchedulePayload)
	return s, setLimits(s, p)
}

// setSchedule takes over the keys, retries and the watchdog.
func setSchedule(s *record.Spec, p *cli.SchedulePayload) {
	for _, c := range p.Channels {
		s.Channels = append(s.Channels, string(c))
	}
	s.Channels = tidy(s.Channels)
	s.DedupeKey, s.ConcurrencyKey, s.SupersedeKey = string(p.DedupeKey), string(p.ConcurrencyKey), string(p.SupersedeKey)
	s.KeepsOthers = p.KeepsOthers()
	s.Retry = record.Retry{MaxAttempts: max(int(p.MaxAttempts), 1), Backoff: p.Backoff.Backoff()}
	for _, code := range p.NoRetry {
		s.Retry.NoRetry = append(s.Retry.NoRetry, int(code))
	}
	if p.Watchdog > 0 {
		s.WatchdogMs = int64(p.Watchdog)
		s.WatchdogAction = either(string(p.WatchdogAction), record.WatchdogMark)
	}
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
