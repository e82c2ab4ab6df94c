package main

import (
	"fmt"
	"os"

	"bgtasks/lib/cli"
	"bgtasks/lib/fault"
	"bgtasks/lib/payload"
	"bgtasks/lib/record"
)

// payload is what the flags say in JSON mode's terms.
func (f *flags) payload() (*payload.Start, error) {
	command, args, err := f.command()
	if err != nil {
		return nil, err
	}
	env, err := f.env()
	if err != nil {
		return nil, err
	}
	if f.ID != "" && !record.ValidID(f.ID) {
		return nil, fault.Usage("--id: expected %s%s, got %q", record.IDGrammar, payload.IDWhy, f.ID)
	}
	if err := payload.OneOf("--leftovers", f.Leftovers, record.LeftoverPolicies); err != nil {
		return nil, err
	}
	meta, err := payload.ParseObject("--meta", f.Meta)
	if err != nil {
		return nil, err
	}
	p := &payload.Start{
		ID: payload.NewTaskID(f.ID), Name: payload.Text(f.Name), Command: payload.Text(command), Args: args,
		Workdir: payload.Text(f.Chdir), Env: env, Tags: f.Tag, SessionID: payload.Text(f.Session), Notify: f.Notify,
		Kind: payload.Text(f.Kind), Metadata: meta,
		Stdin: payload.Text(f.Stdin), Split: f.Split, LogMax: f.LogMax,
		Signal: payload.Text(f.Signal), Leftovers: payload.LeftoverName(f.Leftovers),
	}
	if f.KeepEnv {
		p.KeepEnv = &f.KeepEnv
	}
	f.addLists(p)
	if p.SchedulePayload, err = f.scheduleFlags.payload(); err != nil {
		return nil, err
	}
	if err := f.addTimes(p); err != nil {
		return nil, err
	}
	return p, p.CheckFlags(flagOf)
}

func (f *flags) addLists(p *payload.Start) {
	for _, path := range f.Tee {
		p.Tees = append(p.Tees, payload.Text(path))
	}
	for _, code := range f.Success {
		p.Successes = append(p.Successes, payload.ExitCode(code))
	}
}

func (f *flags) addTimes(p *payload.Start) error {
	if f.TimeLimit != nil {
		if *f.TimeLimit <= 0 {
			return fault.Usage("--time-limit: expected a duration above 0")
		}
		p.TimeLimit = payload.Positive(f.TimeLimit.Milliseconds())
	}
	if f.Grace != nil {
		grace := payload.NonNegative(f.Grace.Milliseconds())
		p.Grace = &grace
	}
	return nil
}

// command tells the program and its arguments apart from the flags' words.
func (f *flags) command() (string, []string, error) {
	words := cli.CommandWords(f.Command)
	switch {
	case f.Shell != "" && len(words) > 0:
		return "sh", append([]string{"-c", f.Shell, "sh"}, words...), nil
	case f.Shell != "":
		return "sh", []string{"-c", f.Shell}, nil
	case len(words) == 0:
		f := fault.Usage("no command given")
		f.Hint = "bg-start COMMAND [ARGUMENT…], or bg-start -c 'SHELL LINE'"
		return "", nil, f
	case words[0] == "":
		return "", nil, fault.Usage("the command is empty")
	}
	return words[0], words[1:], cli.AfterFlags(words[:1])
}

// env are the variables of the files and flags, later ones winning.
func (f *flags) env() (payload.Environment, error) {
	env := payload.Environment{}
	for _, path := range f.EnvFile {
		if err := env.ReadEnvFile(path, os.LookupEnv); err != nil {
			return nil, err
		}
	}
	flags, err := payload.ParseEnv(f.Env, os.LookupEnv)
	if err != nil {
		return nil, fmt.Errorf("read the variables: %w", err)
	}
	for name, value := range flags {
		env[name] = value
	}
	return env, nil
}
