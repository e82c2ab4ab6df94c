package main

import (
	"fmt"
	"path/filepath"

	"bgtasks/lib/cli"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

func logsJSON(c *cli.Call, words []string) error {
	if c.Opts.Stream {
		return cli.Streamed(frames)(c, words)
	}
	return cli.One(logs)(c, words)
}

// artifactData points at a log beside its last lines.
type artifactData struct {
	Kind     string        `json:"kind"`
	Summary  string        `json:"summary"`
	Inline   *cli.LogLines `json:"inline"`
	Artifact artifact      `json:"artifact"`
}

type artifact struct {
	Key          string `json:"key"`
	Label        string `json:"label"`
	Kind         string `json:"kind"`
	AbsolutePath string `json:"absolute_path"`
	RelativePath string `json:"relative_path"` // to the home
	SizeBytes    int64  `json:"size_bytes"`    // of all parts
	CreatedAt    string `json:"created_at"`
	Parts        []part `json:"parts,omitempty"` // oldest first, if AbsolutePath is not the whole log
}

// part is a file of a log that was rotated.
type part struct {
	AbsolutePath string `json:"absolute_path"`
	Start        int64  `json:"start"` // offset in the task's output
	End          int64  `json:"end"`
}

// addParts says how large the log is, and where, if it is more than one file.
func (a *artifact) addParts(parts []seglog.Part) {
	for _, p := range parts {
		a.SizeBytes += p.End - p.Start
		a.Parts = append(a.Parts, part{p.Path, p.Start, p.End})
	}
	if len(parts) == 1 && parts[0].Path == a.AbsolutePath {
		a.Parts = nil
	}
}

// logs gives the last lines, with a pointer to the log if there are more or if
// that was asked for.
func logs(c *cli.Call, p *cli.LogsPayload) (any, error) {
	h, lines, err := read(c, p)
	if err != nil {
		return nil, err
	}
	if c.Opts.Output == "inline" || c.Opts.Output == "auto" && !lines.HasMore {
		return lines, nil
	}
	path := filepath.Join(h.TaskDir(lines.TaskID), stem(p)+".log")
	a := artifact{Key: "task." + lines.TaskID + ".logs", Label: "task log", Kind: "text", AbsolutePath: path, CreatedAt: cli.Now()}
	if a.RelativePath, err = filepath.Rel(h.Path(), path); err != nil {
		return nil, err
	}
	a.addParts(lines.Parts)
	summary := fmt.Sprintf("Showing %d of %d log lines for %s.", lines.ShownLines, lines.TotalLines, lines.TaskID)
	return &artifactData{"summary+artifact", summary, lines, a}, nil
}

// frames gives the last lines as frames between two that say how many.
func frames(c *cli.Call, p *cli.LogsPayload) (*cli.Frames, error) {
	_, lines, err := read(c, p)
	if err != nil {
		return nil, err
	}
	f := cli.NewFrames(lines.TaskID)
	f.Add("task.logs.started", struct {
		TotalLines   int64 `json:"total_lines"`
		DroppedBytes int64 `json:"dropped_bytes,omitempty"`
	}{lines.TotalLines, lines.DroppedBytes})
	f.AddLines(lines.Lines)
	f.Add("task.logs.completed", struct {
		EmittedLines int `json:"emitted_lines"`
	}{lines.ShownLines})
	return f, nil
}

func read(c *cli.Call, p *cli.LogsPayload) (*store.Home, *cli.LogLines, error) {
	h, err := cli.Reach(c, string(p.ID))
	if err != nil {
		return nil, nil, err
	}
	t, err := view.Load(h, string(p.ID))
	if err != nil {
		return nil, nil, err
	}
	lines, err := cli.LastLines(h, t, cli.LogOptions{Stderr: p.Stderr, Run: int(p.Run), Attempt: int(p.Attempt)}, int(p.Lines))
	return h, lines, err
}

func stem(p *cli.LogsPayload) string {
	if p.Stderr {
		return store.ErrorsStem
	}
	return store.OutputStem
}
