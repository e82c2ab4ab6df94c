package proc

import (
	"cmp"
	"slices"
)

// Marked lists the live processes that were executed with all marks, entries "K=V", in their environment, the oldest
// first. Those that can't be asked, because they are somebody else's, are not among them; on systems where no process
// can be asked none is.
func Marked(marks []string) ([]Member, error) {
	boot, err := BootID()
	if err != nil {
		return nil, err
	}
	all, err := allProcesses()
	if err != nil {
		return nil, wrap("list processes", err)
	}
	var found []Member
	for _, s := range all {
		if s.Ended() || s.PID <= 1 {
			continue
		}
		if mine, _, _ := marked(s.PID, marks); mine {
			found = append(found, member(boot, s))
		}
	}
	slices.SortStableFunc(found, func(a, b Member) int { return cmp.Compare(a.StartTicks, b.StartTicks) })
	return found, nil
}
