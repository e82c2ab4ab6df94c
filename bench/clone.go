package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pattern is a finished task's directory, in memory.
type pattern struct {
	id    string
	files map[string][]byte
}

// readPattern reads all files of a task's directory.
func readPattern(dir string) (*pattern, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read a finished task: %w", err)
	}
	p := &pattern{filepath.Base(dir), map[string][]byte{}}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read a finished task: %w", err)
		}
		p.files[e.Name()] = data
	}
	return p, nil
}

// copyTo writes the task again below tasks, under another id of the same length.
func (p *pattern) copyTo(tasks, id string) error {
	dir := filepath.Join(tasks, id)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return fmt.Errorf("copy a finished task: %w", err)
	}
	for name, data := range p.files {
		renamed := bytes.ReplaceAll(data, []byte(p.id), []byte(id))
		if err := os.WriteFile(filepath.Join(dir, name), renamed, 0o600); err != nil {
			return fmt.Errorf("copy a finished task: %w", err)
		}
	}
	return nil
}

// patterns is how many tasks are really run for a home of many: their times
// differ, so that a listing has something to sort.
const patterns = 20

// cloneFinished makes a home with n finished tasks: a few are run, the others are
// copies of these with ids of their own. Running 100,000 would take minutes, and
// a listing can't tell the difference. The journal knows only those that ran.
func (s *session) cloneFinished(ctx context.Context, n int) error {
	models, err := s.runModels(ctx, min(n, patterns))
	if err != nil {
		return err
	}
	tasks := filepath.Join(s.dir, "home", "tasks")
	for i := len(models); i < n && ctx.Err() == nil; i++ {
		model := models[i%len(models)]
		if err := model.copyTo(tasks, numbered(model.id, i)); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.countListed(ctx, n)
}

// runModels runs tasks to their ends and reads what they left.
func (s *session) runModels(ctx context.Context, n int) (models []*pattern, err error) {
	for range n {
		id, err := s.begin(ctx, job{"true", []string{"true"}})
		if err == nil {
			err = s.l.do(ctx, s.command(s.wait(id)))
		}
		if err != nil {
			return nil, err
		}
		model, err := readPattern(s.log(job{}, id))
		if err != nil {
			return nil, err
		}
		models = append(models, model)
	}
	return models, nil
}

// numbered is an id as long as the given one, that ends with a number.
func numbered(id string, i int) string {
	tail := fmt.Sprintf("%07d", i)
	return id[:len(id)-len(tail)] + tail
}

// countListed checks that the tool sees as many tasks as there should be, so that
// nobody is measured who overlooks some.
func (s *session) countListed(ctx context.Context, n int) error {
	_, out, err := s.l.timed(ctx, s.command(s.list))
	if err != nil {
		return err
	}
	if ids := slices.Compact(slices.Sorted(strings.FieldsSeq(out))); len(ids) != n {
		return fmt.Errorf("bg-list shows %d of %d tasks", len(ids), n)
	}
	return nil
}
