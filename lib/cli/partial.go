package cli

import (
	"bgtasks/lib/record"
	"bgtasks/lib/view"
)

// Known gives tasks as JSON tells them. Of one that can't be read everything
// that is not known is null: an empty word or a zero would be an answer (P3).
func Known(tasks []*view.Task) []any {
	list := make([]any, len(tasks))
	for i, t := range tasks {
		if list[i] = t; t.Unreadable != nil {
			list[i] = partial(t)
		}
	}
	return list
}

// partialTask has members of its own in the place of the task's.
type partialTask struct {
	*view.Task
	Name         *string           `json:"name"`
	Command      *string           `json:"command"`
	Args         *[]string         `json:"args"`
	Workdir      *string           `json:"workdir"`
	Tags         *[]string         `json:"tags"`
	Kind         *string           `json:"kind"`
	NotifyOnExit *bool             `json:"notifyOnExit"`
	Channels     *[]string         `json:"channels"`
	Priority     *int              `json:"priority"`
	Status       *record.Status    `json:"status"`
	State        *record.LifeState `json:"state"`
	Run          *int              `json:"run"`
	Attempt      *int              `json:"attempt"`
	MaxAttempts  *int              `json:"maxAttempts"`
	RestartCount *int              `json:"restartCount"`
	CreatedAt    *string           `json:"createdAt"`
	UpdatedAt    *string           `json:"updatedAt"`
	KillGraceMs  *int64            `json:"killGraceMs"`
	Progress     *view.Progress    `json:"progress"`
}

func partial(t *view.Task) *partialTask {
	p := &partialTask{Task: t, Run: given(t.Run), Attempt: given(t.Attempt), Status: given(t.Status), State: given(t.State),
		CreatedAt: given(t.CreatedAt), UpdatedAt: given(t.UpdatedAt)}
	if t.State != "" {
		p.Progress = &t.Progress
	}
	if t.Spec != nil {
		p.Name, p.Command, p.Args, p.Workdir, p.Tags, p.Kind = &t.Name, &t.Command, &t.Args, &t.Workdir, &t.Tags, &t.Kind
		p.Channels, p.Priority, p.MaxAttempts = &t.Channels, &t.Priority, &t.MaxAttempts
		p.NotifyOnExit, p.RestartCount, p.KillGraceMs = &t.NotifyOnExit, &t.RestartCount, &t.KillGraceMs
	}
	return p
}

// given is nil for what no record could say.
func given[T comparable](v T) *T {
	var unknown T
	if v == unknown {
		return nil
	}
	return &v
}
