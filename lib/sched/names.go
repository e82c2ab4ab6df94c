package sched

import (
	"encoding/hex"
	"hash/fnv"
	"strings"

	"bgtasks/lib/record"
	"bgtasks/lib/store"
)

// Directories and files within queue/, beside those that package store names.
const (
	readyDir     = "ready"     // QUEUE/KIND: may be started as soon as there is room
	keysDir      = "keys"      // HASH/QUEUE/KIND: wait for a concurrency key
	dueDir       = "due"       // boot and wall: are not due yet
	afterDir     = "after"     // ID/WAITER: wait for the end of ID
	goneDir      = "gone"      // ID/WAITER: have superseded ID, and wait until its tree is gone
	newDir       = "new"       // ID: whose event enqueued is not written yet
	dedupeDir    = "dedupe"    // HASH/ID: open tasks by kind and dedupe key
	supersedeDir = "supersede" // the same by supersede key
	queuesDir    = "queues"    // what is configured
	kindsDir     = "kinds"
	builtFile    = "built" // in which boot the index was made anew, before tasks may be started
	seqFile      = "seq"   // the next sequence number
)

var indexDirs = []string{
	store.ClaimsDir, readyDir, keysDir, dueDir, afterDir, goneDir, newDir, dedupeDir, supersedeDir, queuesDir, kindsDir,
}

// The two clocks of due/.
const (
	bootClock = "boot" // milliseconds of CLOCK_BOOTTIME: delays and retries
	wallClock = "wall" // Unix milliseconds: times of day
)

// noQueue stands for a task in no queue. It is no name of one.
const noQueue = "_"

// queueName is the file name for a queue.
func queueName(queue string) string {
	if queue == "" {
		return noQueue
	}
	return queue
}

// kindName is the file name for a kind, which may be any text: itself if it is
// like an id, else a hash.
func kindName(kind string) string {
	if record.ValidID(kind) {
		return kind
	}
	return "=" + hash(kind)
}

// hash names a text in a file name. Two texts with one name, of which nobody has
// ever seen any, would wait for each other.
func hash(text ...string) string {
	h := fnv.New128a()
	h.Write([]byte(strings.Join(text, "\x00")))
	return hex.EncodeToString(h.Sum(nil))
}

// keyTag is the tag of a task's entries.
func keyTag(s *record.Spec) string {
	if s.ConcurrencyKey == "" {
		return ""
	}
	return hash(s.ConcurrencyKey)
}

// orderKey puts the higher priority first, then the lower sequence number.
func orderKey(s *record.Schedule) uint64 {
	return uint64(0x8000-s.Priority)<<48 | uint64(s.Sequence)&(1<<48-1)
}
