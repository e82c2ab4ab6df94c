package cli

import (
	"fmt"
	"os"

	"bgtasks/lib/heal"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Standing tells in words where a task stands that is the answer to a start, or in its
// way, if it does not simply run; "" if it does, or that is not known.
func Standing(id string) string {
	home, err := store.Locate(os.Getenv)
	if err != nil {
		return ""
	}
	t, err := heal.Load(store.At(home), id)
	switch {
	case err != nil:
		return ""
	case t.State == record.Queued && t.Queue != "":
		return fmt.Sprintf("waits in queue %q", t.Queue)
	case t.State == record.Queued:
		return "waits to be started"
	case t.State == record.Retrying:
		return "waits for another attempt"
	case t.Terminal() && t.Leftovers > 0:
		return fmt.Sprintf("is over (%s), but %d of its processes live on", t.State, t.Leftovers)
	}
	return ""
}
