package watch

// scarce tells whether a key shows that descriptors are about to run out: here each is
// one, and the lowest that was free.
func (f *follows) scarce(key int) bool { return key > f.most }
