package proc

import (
	"errors"
	"os"
)

// eyes are the questions that a look asks the system, in a test a likeness of it.
type eyes struct {
	// sweep tells meet of every process with a pid of from or more that is there all the time, and of some that come or
	// go, in the order of their pids. The error says why one that was listed has no stat.
	sweep func(from int, meet func(pid int, s Stat, err error) error) error
	// newest is the pid that was given out last, 0 if that is not known.
	newest func() int
	stat   func(pid int) (Stat, error)
	// marked tells whether a process was executed with all marks. sure: it can't have another answer later.
	marked func(pid int, marks []string) (mine, sure bool, err error)
	// children lists those of one process, those that are hidden from us too; it is nil for who sees them all anyway.
	children func(pid int) ([]Stat, error)
	// holder returns a function that tells whether a process has one of files open, among its standard output and
	// error or at all.
	holder func(files []string) func(pid int, anywhere bool) bool
}

// A kinLook is one look at the processes of a machine, in rounds.
type kinLook struct {
	*Kin
	boot    string
	self    int
	reused  bool // a stranger has the leader's pid, so its session is nobody's mark
	isHeld  bool // someone has a file of the tree open
	holds   func(pid int, anywhere bool) bool
	met     map[int]Stat // who was alive when its turn came
	found   map[int]bool // those of met that are of the tree
	zombies map[int]uint64
	// unsure is the lowest pid of those that this round has listed and that may have left a child: whoever was never
	// seen alive may have been of the tree. 0: there is none.
	unsure int
	news   map[int]uint64 // strangers
}

func (k *Kin) newLook() (*kinLook, error) {
	boot, err := BootID()
	if err != nil {
		return nil, err
	}
	l := &kinLook{
		Kin: k, boot: boot, self: os.Getpid(), reused: k.reused(), isHeld: k.held != nil && k.held(),
		met: map[int]Stat{}, found: map[int]bool{}, zombies: map[int]uint64{}, news: map[int]uint64{},
	}
	if l.isHeld {
		l.holds = k.eyes.holder(k.files)
	}
	return l, nil
}

// lookAtAll looks at every process there is. That it finds nobody is certain: see [kinLook.rounds]. Then all the rest
// is asked, too: who has the output open, if anyone has.
func (k *Kin) lookAtAll() ([]Member, error) {
	if k.gone {
		return nil, nil
	}
	l, err := k.newLook()
	if err == nil {
		err = l.look(1, true)
	}
	if err != nil {
		return nil, err
	}
	if len(l.found) == 0 && l.isHeld {
		l.search()
	}
	k.looked, k.gone, k.strangers = true, len(l.found) == 0, l.news
	return l.finish(), nil
}

// lookAtNew looks at the known members, and at those who came since the last look.
func (k *Kin) lookAtNew() ([]Member, error) {
	if k.gone {
		return nil, nil
	}
	l, err := k.newLook()
	if err != nil {
		return nil, err
	}
	if err := l.look(max(k.last-slackPIDs, 1), false); err != nil {
		return nil, err
	}
	for pid, start := range l.news {
		k.strangers[pid] = start
	}
	return l.finish(), nil
}

// look finds the members among those with a pid of from or more, and the known ones.
func (l *kinLook) look(from int, all bool) error {
	for id := range l.known {
		s, err := l.eyes.stat(id.PID)
		if isHidden(err) { // since it was seen last: it has become another user's
			s.StartTicks, err = id.StartTicks, nil
		}
		if err := l.meet(id.PID, s, err); err != nil {
			return err
		}
	}
	if err := l.rounds(from, all); err != nil {
		return err
	}
	return l.addChildren()
}

const (
	// slackPIDs is how many pids before the newest one a round begins: a pid is given out a moment before its process
	// can be seen.
	slackPIDs = 64
	// maxRounds is more than any machine needs: a round at the newest processes takes some microseconds.
	maxRounds = 500
)

var (
	errUnsettled = errors.New("processes come and go too fast to be looked at")
	// errExecuting says that a process has just left one program and is not yet in the next: it has no environment.
	errExecuting = errors.New("it is executing a program")
)

// rounds looks at all processes with a pid of from or more, and then at the newest ones until nobody of these can have
// hidden a child from us.
//
// A listing is not of one moment. A process that forks and ends before its turn comes is missed, with a child that was
// not there when its own turn was. But that child was forked after the round began, so it is one of the newest, and so
// are its descendants: only among those is looked again. Whoever is alive when its turn comes, and is none of the tree,
// has none of the tree below it, then and later. So a round settles it if it listed nobody who had ended before it was
// ever seen alive, in a session that is no stranger's. If it did, their children have higher pids than they, and the
// next round begins there. How many strangers come and go elsewhere does not matter.
func (l *kinLook) rounds(from int, all bool) error {
	first := all
	for range maxRounds {
		before := l.eyes.newest()
		if before < l.Kin.last {
			from = 1 // the numbers have begun anew since
		}
		l.unsure = 0
		if err := l.sweepFrom(from, before); err != nil {
			return wrap("list processes", err)
		}
		l.Kin.last = before
		wrapped := l.eyes.newest() < before // pids begin from 1 again
		if !first && (l.unsure == 0 && !wrapped || len(l.found) > 0 || !all) {
			return nil
		}
		switch {
		case wrapped:
			from = 1
		case first:
			from = max(before-slackPIDs, 1)
		default:
			from = l.unsure
			giveWay() // it may be waiting for our processor
		}
		first = false
	}
	return errUnsettled
}

// errOlder ends a sweep that has come to the pids of a time before from.
var errOlder = errors.New("the rest is older")

// sweepFrom looks at all processes, or at those with the pids from from to the newest one. Beyond that are those that
// were given out before the numbers began anew.
func (l *kinLook) sweepFrom(from, newest int) error {
	if from <= 1 || newest < from {
		return l.eyes.sweep(from, l.meet)
	}
	err := l.eyes.sweep(from, func(pid int, s Stat, err error) error {
		if pid > newest {
			newest = l.eyes.newest()
		}
		if pid > newest {
			return errOlder
		}
		return l.meet(pid, s, err)
	})
	if errors.Is(err, errOlder) {
		return nil
	}
	return err
}

// meet takes note of a process whose turn has come.
func (l *kinLook) meet(pid int, s Stat, err error) error {
	switch {
	case isGone(err):
		if _, seen := l.met[pid]; !seen || l.found[pid] {
			l.doubt(pid)
		}
		delete(l.met, pid)
		delete(l.found, pid)
		return nil
	case isHidden(err):
		return nil // and so somebody else's
	case err != nil:
		return wrapPID("read state of process", pid, err)
	case s.Ended():
		if start, known := l.zombies[pid]; !l.isStranger(s) && (!known || start != s.StartTicks) {
			l.doubt(pid)
		}
		l.zombies[pid] = s.StartTicks
		delete(l.met, pid)
		delete(l.found, pid)
		return nil
	case pid <= 1 || pid == l.self || s.kernel:
		return nil
	}
	if was, known := l.met[pid]; known && was.StartTicks == s.StartTicks && (l.found[pid] || l.news[pid] == s.StartTicks) {
		return nil // in an earlier round
	}
	own, err := l.recognises(s)
	if isGone(err) || errors.Is(err, errExecuting) {
		if !l.isStranger(s) {
			l.doubt(pid)
		}
		return nil
	}
	l.met[pid] = s
	if own {
		l.found[pid] = true
	}
	return wrapPID("look at process", pid, err)
}

// doubt takes note of one that may have left a child.
func (l *kinLook) doubt(pid int) {
	if l.unsure == 0 || pid < l.unsure {
		l.unsure = pid
	}
}

// isStranger tells whether one that has ended, or has no environment yet, is none of the tree: it was seen before, or it
// is in a session that a stranger leads.
func (l *kinLook) isStranger(s Stat) bool {
	if was, seen := l.met[s.PID]; seen && was.StartTicks == s.StartTicks {
		return !l.found[s.PID]
	}
	_, seen := l.met[s.SID]
	return seen && !l.found[s.SID]
}

// recognises tells whether a process is one of the tree by itself, not by its parent.
func (l *kinLook) recognises(s Stat) (bool, error) {
	id := member(l.boot, s).Identity
	switch {
	case l.known[id] || id == l.leader || !l.reused && s.SID == l.leader.PID:
		return true, nil
	case s.StartTicks < l.oldest:
		return false, nil
	case l.strangers[s.PID] == s.StartTicks:
		l.news[s.PID] = s.StartTicks
		return false, nil
	}
	mine, sure, err := l.eyes.marked(s.PID, l.marks)
	if mine || err != nil {
		return mine, err
	}
	if l.isHeld && l.holds(s.PID, false) {
		return true, nil
	}
	if sure {
		l.news[s.PID] = s.StartTicks
	}
	return false, nil
}

// addChildren adds the children of those that were found, theirs and so on.
func (l *kinLook) addChildren() error {
	for grown := true; grown; {
		grown = false
		for pid, s := range l.met {
			if !l.found[pid] && l.found[s.PPID] && !l.tree.excluded(s) {
				l.found[pid] = true
				grown = true
			}
		}
		more, err := l.addHidden()
		if err != nil {
			return err
		}
		grown = grown || more
	}
	return nil
}

// addHidden adds children that a listing does not show.
func (l *kinLook) addHidden() (grown bool, err error) {
	if l.eyes.children == nil {
		return false, nil
	}
	for pid := range l.found {
		kids, err := l.eyes.children(pid)
		if err != nil {
			return false, err
		}
		for _, s := range kids {
			if _, met := l.met[s.PID]; met || s.Ended() || l.tree.excluded(s) {
				continue
			}
			l.met[s.PID], l.found[s.PID] = s, true
			grown = true
		}
	}
	return grown, nil
}

// search looks through all descriptors of those that may be of the tree: one of them has its output open, and is not
// known by anything else. It takes as long as they have files open, so it is done when nobody else is left, and once.
func (l *kinLook) search() {
	for pid, s := range l.met {
		if s.StartTicks < l.oldest || l.searched[pid] == s.StartTicks {
			continue
		}
		if l.holds(pid, true) {
			l.found[pid] = true
		} else {
			l.searched[pid] = s.StartTicks
		}
	}
}

// finish remembers who was found.
func (l *kinLook) finish() (live []Member) {
	l.Kin.known = make(map[Identity]bool, len(l.found))
	for pid := range l.found {
		m := member(l.boot, l.met[pid])
		l.Kin.known[m.Identity] = true
		live = append(live, m)
	}
	return live
}
