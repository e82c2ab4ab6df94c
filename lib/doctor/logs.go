package doctor

import (
	"errors"
	"fmt"
	"io/fs"

	"bgtasks/lib/heal"
	"bgtasks/lib/seglog"
	"bgtasks/lib/store"
	"bgtasks/lib/view"
)

// logs looks for those of which somebody removed, moved or cut a file, or a power
// failure took some.
func logs(h *store.Home, ids []string) Check {
	var short []string
	for _, id := range ids {
		t, _, err := heal.Look(h, id)
		if err != nil || t.Unreadable != nil {
			continue // records says so
		}
		n, err := goneFrom(h, t)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return wrong("logs", err, "look at "+h.TaskDir(id))
		}
		if n > 0 {
			short = append(short, fmt.Sprintf("%s (%d bytes)", id, n))
		}
	}
	if len(short) > 0 {
		return wrong("logs", fmt.Errorf("files of the log were removed or cut: %s", some(short)),
			"bg-logs tells where; to cap a log see --log-max of bg-start")
	}
	return fine("logs", "no bytes were removed")
}

// goneFrom is how much is gone of a task's logs.
func goneFrom(h *store.Home, t *view.Task) (n int64, err error) {
	for _, stem := range []string{store.OutputStem, store.ErrorsStem} {
		log, err := view.OpenLog(h, t, stem)
		if err != nil {
			return n, err
		}
		gaps, err := log.Gaps()
		log.Close()
		if err != nil {
			return n, err
		}
		for _, g := range gaps {
			if g.Why == seglog.Gone {
				n += g.End - g.Start
			}
		}
	}
	return n, nil
}
