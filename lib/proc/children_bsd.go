//go:build darwin || freebsd

package proc

// stateLetter translates p_stat of sys/proc.h, whose first five values both systems share.
func stateLetter(stat int8) byte {
	const letters = "?IRSTZDD"
	if stat < 0 || int(stat) >= len(letters) {
		return '?'
	}
	return letters[stat]
}

func childrenOf(pid int) ([]Stat, error) {
	all, err := allStats()
	return byParent(all)[pid], err
}

func kinship() (func(pid int) ([]Stat, error), error) {
	all, err := allStats()
	kids := byParent(all)
	return func(pid int) ([]Stat, error) { return kids[pid], nil }, err
}

// statusVisible: these kernels show the status of every process that they show.
func statusVisible(int) bool { return true }

func executable(int) (string, error) { return "", ErrUnsupported }

func readEnviron(int) ([]byte, error) { return nil, ErrUnsupported }

func allProcesses() ([]Stat, error) { return allStats() }

// census: the kernel gives the whole list in one step, so nobody vanishes from it.
func census() (all []Stat, vanished int, err error) {
	all, err = allStats()
	return all, 0, err
}

// holdersOf cannot be asked here.
func holdersOf([]string) func(pid int) bool { return func(int) bool { return false } }
