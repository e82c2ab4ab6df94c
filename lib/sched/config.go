package sched

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
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

// queue reads how a queue is configured. One of which that can't be read is paused, so
// that nothing is started that was not to be; what is broken for good is no error, so
// that whoever sets or resumes the queue puts it right.
func (x *index) queue(name string) (queueConfig, error) {
	c := queueConfig{Version: record.Version, Slots: defaultSlots}
	_, err := readConfig(x.path(queuesDir, name), &c)
	if err != nil {
		c = queueConfig{Version: record.Version, Slots: defaultSlots, Paused: true}
	}
	c.Slots = max(c.Slots, defaultSlots)
	if errors.Is(err, errBroken) {
		err = nil
	}
	return c, err
}

// closed tells whether a queue accepts nothing.
func (x *index) closed(queue string) bool {
	if queue == "" {
		return false
	}
	c, known := x.configs[queue]
	if !known {
		c, _ = x.queue(queue)
		if x.configs == nil {
			x.configs = map[string]queueConfig{}
		}
		x.configs[queue] = c
	}
	return c.Draining
}

// limit gives the limit of the kind of this file name, 0 for none.
func (x *index) limit(kind string) int {
	var c kindConfig
	if found, err := readConfig(x.path(kindsDir, kind), &c); err != nil || !found {
		return 0
	}
	return c.Limit
}

func limitOf(h *store.Home, kind string) int { return newIndex(h).limit(kindName(kind)) }
