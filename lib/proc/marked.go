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

// A Bearer is a live process with the values that some variables had in the environment
// it was executed with.
type Bearer struct {
	Member
	Values map[string]string
}

// Bearers lists the processes of the user uid that have one of the variables, the oldest
// first.
func Bearers(uid int, one string, names []string) ([]Bearer, error) {
	boot, err := BootID()
	if err != nil {
		return nil, err
	}
	all, err := allProcesses()
	if err != nil {
		return nil, wrap("list processes", err)
	}
	var found []Bearer
	for _, s := range all {
		if s.Ended() || s.PID <= 1 || s.kernel {
			continue
		}
		block, err := readEnviron(s.PID)
		if err != nil {
			continue
		}
		if owner, _, known := Owner(s.PID); !known || owner != uid {
			continue
		}
		if values := pick(string(block), append(names, one)); values[one] != "" {
			found = append(found, Bearer{member(boot, s), values})
		}
	}
	slices.SortStableFunc(found, func(a, b Bearer) int { return cmp.Compare(a.StartTicks, b.StartTicks) })
	return found, nil
}
