package sched

// sort puts those after their dependencies that are given in the same call, and
// refuses those that wait for themselves, and for such.
func (b *batch) sort(requests []*Request) []*item {
	const (
		visiting = 1
		visited  = 2
	)
	byID := map[string]int{}
	for i, r := range requests {
		if r.Spec.ID != "" {
			byID[r.Spec.ID] = i
		}
	}
	marks := make([]int, len(requests))
	sorted := make([]*item, 0, len(requests))
	var visit func(i int) bool
	visit = func(i int) bool {
		r := requests[i]
		if marks[i] != 0 {
			return marks[i] == visited
		}
		marks[i] = visiting
		for _, d := range r.After {
			j, here := byID[d.ID]
			if !here || b.results[i].Err != nil {
				continue
			}
			why := ""
			switch visiting := !visit(j); {
			case i == j:
				why = "that is the task itself"
			case visiting:
				why = "it waits for this task in turn"
			case b.results[j].Err != nil:
				why = "it is refused itself"
			}
			if why != "" {
				b.results[i].Err = &DependencyError{d.ID, why}
			}
		}
		marks[i] = visited
		if b.results[i].Err == nil {
			sorted = append(sorted, &item{Request: r, result: &b.results[i], named: r.Spec.ID != ""})
		}
		return true
	}
	for i := range requests {
		visit(i)
	}
	return sorted
}
