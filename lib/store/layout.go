package store

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"bgtasks/lib/fsys"
	"bgtasks/lib/record"
)

// Names within the home.
const (
	LayoutFile = "LAYOUT"
	tasksDir   = "tasks"
	liveDir    = "live"
	eventsDir  = "events"
	tmpDir     = "tmp"
)

// Names within a task's directory. docs/bg-state.5 tells writer, readers and
// life of each.
const (
	SpecFile  = "spec.json"
	StateFile = "state.json"
	StopFile  = "stop.json"
	LockFile  = "run.lock"
	OutFIFO   = "out.fifo"
	ErrFIFO   = "err.fifo"
	CtlFIFO   = "ctl.fifo"
	BellsDir  = "bells"
)

// Names of what a task says about itself, in its directory.
const (
	ProgressFile = "progress.json"
	StepsFile    = "steps.ndjson"
	ReportLock   = "report.lock"
	DueFile      = "report.due"
)

// Stems of a task's logs, for package seglog.
const (
	OutputStem = "output" // both streams, or stdout alone with separate streams
	ErrorsStem = "errors" // stderr with separate streams
)

const eventsLock = "lock"

// Home is an opened state directory.
type Home struct {
	path     string
	place    fsys.Place  // what path led to when it was opened; none from At
	away     *AwayError  // it belongs to another host
	patience patience    // with the holders of locks
	swept    atomic.Bool // by this process
}

// At returns the home at path without checking it. It is for a shim, whose starter has
// checked the home.
func At(path string) *Home { return &Home{path: path} }

// Path is the home's absolute path; for a shim it is one from its working directory.
func (h *Home) Path() string { return h.path }

// Follow makes h the home at another path. It is for a shim whose directories were moved.
func (h *Home) Follow(path string) { h.path = path }

// Remember notes which directory the path leads to, for Moved. The error is that of
// stat(2).
func (h *Home) Remember() (err error) {
	h.place, err = fsys.PlaceOf(h.path)
	return err
}

// ErrMoved says that a home was moved away while it was in use, and another took its place.
var ErrMoved = errors.New("the home was moved away, and another is in its place")

// Moved is ErrMoved if the path leads to another directory than it did when the home was
// opened. A process that waits for long in a home checks this before it acts.
func (h *Home) Moved() error {
	now, err := fsys.PlaceOf(h.path)
	if err != nil || h.place == (fsys.Place{}) || h.place == now {
		return nil // where there is nothing, every step finds that out
	}
	return &fs.PathError{Op: "use", Path: h.path, Err: ErrMoved}
}

// TasksDir is where the tasks are.
func (h *Home) TasksDir() string { return filepath.Join(h.path, tasksDir) }

// TaskDir is the directory of the task with this id. For a word that can't be an id, it
// is a path where nothing exists or can be created: such a word is never part of a path,
// and finds no task.
func (h *Home) TaskDir(id string) string {
	if !record.ValidID(id) {
		return filepath.Join(h.path, tasksDir, nobody, nobody)
	}
	return filepath.Join(h.path, tasksDir, id)
}

// nobody is no id, and no file of ours has this name.
const nobody = ".nobody"

// LiveDir is where the markers of open tasks are.
func (h *Home) LiveDir() string { return filepath.Join(h.path, liveDir) }

// EventsDir is where the journal is.
func (h *Home) EventsDir() string { return filepath.Join(h.path, eventsDir) }

// TmpDir is where tasks are built and removed.
func (h *Home) TmpDir() string { return filepath.Join(h.path, tmpDir) }

// IDs lists every visible task, in no order. It skips names that are not ids, because the
// suite creates none.
func (h *Home) IDs() ([]string, error) { return listIDs(h.TasksDir()) }

// LiveIDs lists the tasks marked as not in a terminal state. A marker may
// outlive its task by a crash, so each must be checked against its record;
// but every open task has one.
//
// If live/ was removed, any task may be open.
func (h *Home) LiveIDs() ([]string, error) {
	if errors.Is(CheckDir(h.LiveDir()), fs.ErrNotExist) {
		return h.IDs()
	}
	return listIDs(h.LiveDir())
}

// listIDs takes a directory that is not there for an empty one.
func listIDs(dir string) ([]string, error) {
	names, err := fsys.Names(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ids := names[:0]
	for _, name := range names {
		if record.ValidID(name) {
			ids = append(ids, name)
		}
	}
	return ids, nil
}

const (
	little  patience = iota - 1
	some             // unless it is stopped, or takes too long
	endless          // the most
)

// JournalBells is the directory of the bells of the journal's followers.
func (h *Home) JournalBells() string { return filepath.Join(h.EventsDir(), BellsDir) }

const queueDir = "queue"

// QueueDir is where the scheduler keeps its index.
func (h *Home) QueueDir() string { return filepath.Join(h.path, queueDir) }

const consumersDir = "consumers"

// ConsumersDir is where the named readers of the journal keep their places.
func (h *Home) ConsumersDir() string { return filepath.Join(h.path, consumersDir) }

// ConsumerDir is the directory of a consumer, whose name must be a valid id.
func (h *Home) ConsumerDir(name string) string { return filepath.Join(h.ConsumersDir(), name) }

// tmpName makes an unused name in tmp/ for something that is called name.
func (h *Home) tmpName(name string) string {
	return filepath.Join(h.TmpDir(), name+"."+strconv.FormatUint(rand.Uint64(), 36))
}

// Exists tells whether the id is taken.
func (h *Home) Exists(id string) bool {
	return fsys.Exists(h.TaskDir(id))
}

// MarkedLive tells whether the task is marked as not in a terminal state.
func (h *Home) MarkedLive(id string) bool {
	return fsys.Exists(filepath.Join(h.LiveDir(), id))
}

// patience is how long the holder of a lock is waited for.
type patience int
