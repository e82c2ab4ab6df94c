package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bgtasks/lib/cli"
	"bgtasks/lib/launch"
	"bgtasks/lib/payload"
	"bgtasks/lib/record"
	"bgtasks/lib/sched"
	"bgtasks/lib/store"
)

// maker makes requests of payloads.
type maker struct {
	call    *cli.Call
	environ []string    // the caller's
	dir     string      // the caller's working directory; "" as long as nobody asked
	home    *store.Home // known with the first request
}

// request completes a payload with what it leaves to the suite.
func (m *maker) request(p *payload.Start) (*sched.Request, error) {
	if strings.TrimSpace(string(p.Command)) == "" {
		return nil, payload.BlankCommand()
	}
	s, err := m.spec(p)
	if err != nil {
		return nil, err
	}
	env := slices.Clip(m.environ)
	if len(p.Env) > 0 {
		env = payload.Overlay(env, p.Env)
	}
	if err := m.look(s, env); err != nil {
		return nil, err
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

// look opens the home, which all requests of a call have in common. A home that is
// not there is made for a command that can be found: a start that fails leaves nothing.
func (m *maker) look(s *record.Spec, env []string) (err error) {
	if m.home != nil {
		return nil
	}
	if m.home, err = m.call.ExistingHome(); m.home != nil || err != nil {
		return err
	}
	if err := cli.MayMakeHome(); err != nil {
		return err
	}
	if err := launch.Check(s, env); err != nil {
		return err
	}
	m.home, err = m.call.Home()
	return err
}

// spec completes a payload with what it leaves to the suite.
func (m *maker) spec(p *payload.Start) (*record.Spec, error) {
	command := strings.TrimSpace(string(p.Command))
	s := &record.Spec{
		ID: string(p.ID), Name: strings.TrimSpace(string(p.Name)), Command: command, Args: p.Args,
		EnvNames: p.Env.Names(), Tags: tidy(p.Tags),
		Kind: either(string(p.Kind), record.DefaultKind), SessionID: string(p.SessionID), Notify: p.Notify,
		Metadata: payload.CompactObject(p.Metadata),
		Split:    p.Split, LogMax: record.DefaultLogMax,
		Leftovers: either(string(p.Leftovers), record.LeftoversKeep), Signal: record.DefaultSignal,
		KillGraceMs: record.DefaultGrace.Milliseconds(), TimeLimitMs: int64(p.TimeLimit),
	}
	s.Name = either(s.Name, filepath.Base(command))
	s.KeepEnv = m.call.Suite && len(p.Env) > 0 // so that restart works as its users know it
	if p.KeepEnv != nil {
		s.KeepEnv = *p.KeepEnv
	}
	setSchedule(s, &p.SchedulePayload)
	return s, errors.Join(m.setPaths(s, p), setLimits(s, p))
}

// setPaths makes the paths of the payload absolute.
func (m *maker) setPaths(s *record.Spec, p *payload.Start) (err error) {
	if s.Workdir, err = m.under(string(p.Workdir)); err != nil {
		return err
	}
	if p.Stdin != "" {
		if s.Stdin, err = m.under(string(p.Stdin)); err != nil {
			return err
		}
	}
	for _, tee := range p.Tees {
		path, err := m.under(string(tee))
		if err != nil {
			return err
		}
		s.Tees = append(s.Tees, path)
	}
	return nil
}

// setSchedule takes over the keys, retries and the watchdog.
func setSchedule(s *record.Spec, p *payload.SchedulePayload) {
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
func setLimits(s *record.Spec, p *payload.Start) error {
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
	var signal payload.Signal
	err := signal.UnmarshalText([]byte(p.Signal))
	s.Signal = string(signal)
	return err
}

// under makes a path absolute, as seen from the caller's working directory; "" is
// that itself. It is asked for only where it matters: it may be gone.
func (m *maker) under(path string) (string, error) {
	if filepath.IsAbs(path) {
		return filepath.Clean(path), nil
	}
	if m.dir == "" {
		dir, err := os.Getwd()
		if err != nil {
			return "", cli.NoWorkdir(err)
		}
		m.dir = dir
	}
	return filepath.Join(m.dir, path), nil
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
