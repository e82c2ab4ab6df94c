package show

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
			list[i] = Partial(t)
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

// Partial is a task of which not all is known, as JSON tells it.
func Partial(t *view.Task) any {
	p := &partialTask{Task: t, Run: Given(t.Run), Attempt: Given(t.Attempt), Status: Given(t.Status), State: Given(t.State),
		CreatedAt: Given(t.CreatedAt), UpdatedAt: Given(t.UpdatedAt)}
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

// Given is nil for what no record could say.
func Given[T comparable](v T) *T {
	var unknown T
	if v == unknown {
		return nil
	}
	return &v
}
