package sched

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"bgtasks/lib/fsys"
	"bgtasks/lib/store"
)

// queueConfig is the contents of queues/NAME. A queue without one has the
// default: queues need not be made before they are used.
type queueConfig struct {
	Version  int  `json:"v"`
	Slots    int  `json:"slots"`
	Paused   bool `json:"paused"`
	Draining bool `json:"draining"`
}

// kindConfig is the contents of kinds/KIND. A kind without one has no limit.
type kindConfig struct {
	Version int    `json:"v"`
	Kind    string `json:"kind"`
	Limit   int    `json:"limit"`
}

// defaultSlots is how many tasks of a queue run at once unless it was told.
const defaultSlots = 1

// maxConfig is the most that a configuration may have, in bytes: a kind may be
// long.
const maxConfig = 64 << 10

// readConfig decodes a file of the configuration. found is false if there is
// none.
func readConfig(path string, into any) (found bool, err error) {
	f, err := fsys.Open(path, os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, maxConfig))
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return false, fmt.Errorf("read %s: %w: %w", path, errBroken, err)
	}
	return true, nil
}

// errBroken says that a file of the configuration does not hold what it should.
var errBroken = errors.New("it is broken")

// writeConfig replaces a file of the configuration.
func writeConfig(path string, config any) error {
	raw, err := json.Marshal(config)
	if err != nil {
		return err
	}
	if err := store.Replace(path, append(raw, '\n')); err != nil {
		return fmt.Errorf("write the configuration: %w", err)
	}
	return nil
}
