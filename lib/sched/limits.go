package sched

import (
	"errors"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

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
