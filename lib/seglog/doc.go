// Package seglog is an append-only byte log in segments with stable offsets:
// the output of a task ([Writer], [Reader]) and the journal of events
// ([Journal], [JournalReader]).
//
// It knows files, offsets, gaps and arrival times. It must not know tasks,
// records, locks or who calls it: the atomic replace of a small file and the
// journal's lock are function values that the caller gives.
//
// # The files of a task log
//
// A log is a directory and a stem, here "output".
//
//	output.log            the newest part
//	output.log.START-END  an older part: exactly the bytes [START, END) of the stream
//	output.log.N-N        a mark, an empty part: the stream had reached N when nothing could be stored
//	output.json           base, gaps and counts, for people and for the kinds of gaps
//	output.idx            arrival times, 16 bytes an entry (output.idx.new while it is rewritten)
//
// Offsets count the bytes that the task wrote, also those that were not kept,
// so an offset that was given once stays valid for ever.
//
// # The base of output.log
//
// The names alone tell every offset: the base of output.log, that is the
// stream offset of its first byte, is the largest END among the names, 0 if
// there is none. The proof is by the steps of the only writer:
//
//   - A part is closed by one rename of output.log to START-END, where END is
//     START plus its size. Before the rename the base is START, after it there
//     is no output.log until an empty one is created, and its base is END.
//   - Bytes that could not be stored move the end of the stream to N. Before
//     another byte is stored, a non-empty output.log is closed as above, then
//     the mark N-N is created (or the last mark renamed, if nothing was stored
//     since). So the base moves only while output.log is absent or empty.
//   - A name is removed only when a name with a larger END exists: parts of
//     the middle to keep the cap, marks once output.json holds their gap.
//
// Whatever range below the base no part covers is a gap. output.json is
// written after these steps and decides nothing but the kind of a gap; where it
// is behind, the range before a mark is [Full] and any other is [Rotated]. (Its
// base counts too, if somebody removed names by hand.) Where it is not behind, a
// range that it does not know is [Gone].
//
// # Files that others remove, move or cut
//
// Before each write, and at the end, the writer looks whether output.log is still
// its file and as long as it was: what is missing becomes a gap of kind [Gone], and
// the log goes on in a new part. It looks at the closed parts whenever it closes
// one, and at the end. Bytes that are replaced by others are not noticed. A log
// that ends before the last entry of its time index, or before what its caller
// expects, lacks what is between.
//
// # Crashes
//
// The writer may be killed between any two steps: [Open] continues and a
// [Reader] reads at each of them. What is lost is what the writer had taken
// from the task and not yet handed to the kernel. After a power failure a part
// may be shorter than its name says; the missing end is then a gap. While output
// comes, its write-back to the disk is started once a second.
package seglog
