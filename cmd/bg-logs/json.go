package main

import (
	"fmt"
	"path/filepath"

	"bgtasks/lib/cli"
	"bgtasks/lib/heal"
	"bgtasks/lib/payload"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/stream"
)

func logsJSON(c *cli.Call, words []string) error {
	if c.Opts.Stream {
		return stream.Streamed(frames)(c, words)
	}
	return cli.One(logs)(c, words)
}

// artifactData points at a log beside its last lines.
type artifactData struct {
	Kind     string           `json:"kind"`
	Summary  string           `json:"summary"`
	Inline   *stream.LogLines `json:"inline"`
	Artifact artifact         `json:"artifact"`
	Stderr   *artifact        `json:"stderr_artifact,omitempty"` // of a task with separate streams
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
func logs(c *cli.Call, p *payload.Logs) (any, error) {
	h, lines, err := read(c, p)
	if err != nil {
		return nil, err
	}
	if c.Opts.Output == "inline" || c.Opts.Output == "auto" && !lines.More() {
		return lines, nil
	}
	a, err := pointer(h, lines, stem(p))
	if err != nil {
		return nil, err
	}
	data := &artifactData{"summary+artifact", summary(lines), lines, *a, nil}
	if lines.Stderr != nil {
		if data.Stderr, err = pointer(h, lines.Stderr, store.ErrorsStem); err != nil {
			return nil, err
		}
		data.Stderr.Key, data.Stderr.Label = data.Stderr.Key+".stderr", "task stderr"
	}
	return data, nil
}

func summary(l *stream.LogLines) string {
	text := fmt.Sprintf("Showing %d of %d log lines for %s", l.ShownLines, l.TotalLines, l.TaskID)
	if e := l.Stderr; e != nil {
		text += fmt.Sprintf(", and %d of %d of its stderr", e.ShownLines, e.TotalLines)
	}
	return text + "."
}

// pointer tells where a log is.
func pointer(h *store.Home, lines *stream.LogLines, stem string) (*artifact, error) {
	path := filepath.Join(h.TaskDir(lines.TaskID), stem+".log")
	a := &artifact{Key: "task." + lines.TaskID + ".logs", Label: "task log", Kind: "text", AbsolutePath: path, CreatedAt: stream.Now()}
	var err error
	a.RelativePath, err = filepath.Rel(h.Path(), path)
	a.addParts(lines.Parts)
	return a, err
}

// frames gives the last lines as frames between two that say how many.
func frames(c *cli.Call, p *payload.Logs) (*stream.Frames, error) {
	_, lines, err := read(c, p)
	if err != nil {
		return nil, err
	}
	total, shown, dropped := lines.TotalLines, lines.ShownLines, lines.DroppedBytes
	if e := lines.Stderr; e != nil {
		total, shown, dropped = total+e.TotalLines, shown+e.ShownLines, dropped+e.DroppedBytes
	}
	f := stream.NewFrames(lines.TaskID)
	f.Add("task.logs.started", struct {
		TotalLines   int64 `json:"total_lines"`
		DroppedBytes int64 `json:"dropped_bytes,omitempty"`
	}{total, dropped})
	f.AddLines(lines)
	f.Add("task.logs.completed", struct {
		EmittedLines int `json:"emitted_lines"`
	}{shown})
	return f, nil
}

func read(c *cli.Call, p *payload.Logs) (*store.Home, *stream.LogLines, error) {
	h, err := cli.Reach(c, string(p.ID))
	if err != nil {
		return nil, nil, err
	}
	t, err := heal.Load(h, string(p.ID))
	if err != nil {
		return nil, nil, err
	}
	o := stream.AllOutput()
	o.Stderr, o.AllRuns, o.Run, o.Attempt = p.Stderr, p.AllRuns, int(p.Run), int(p.Attempt)
	lines, err := stream.LastLines(h, t, o, int(p.Lines))
	return h, lines, err
}

func stem(p *payload.Logs) string {
	if p.Stderr {
		return store.ErrorsStem
	}
	return store.OutputStem
}
