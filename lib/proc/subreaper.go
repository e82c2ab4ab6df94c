package proc

// SetSubreaper makes this process the one that orphans among its descendants are given to, instead of init:
// PR_SET_CHILD_SUBREAPER (Linux 3.4), PROC_REAP_ACQUIRE (FreeBSD 10.2). It is not inherited by children and ends with
// the process, whose descendants then go to the next one up. Darwin has nothing like it: [ErrUnsupported].
func SetSubreaper() error {
	return wrap("become subreaper", setSubreaper())
}

// UnsetSubreaper undoes it, for a process that is about to execute another program: execve(2) keeps the attribute.
// Orphans then fall to the next one up.
func UnsetSubreaper() { unsetSubreaper() }
