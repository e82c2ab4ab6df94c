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
// The names alone determine every offset: the base of output.log, which is the
// stream offset of its first byte, is the largest END among the names, 0 if
// there is none. The steps of the only writer prove it:
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
// A range below the base that no part covers is a gap. output.json is written after
// these steps and decides only the kind of a gap. If it is behind, the range before a
// mark is [Full] and any other is [Rotated]. (Its base counts too, if names were removed
// by hand.) If it is not behind, a range that it does not list is [Gone].
//
// # Files that other programs remove, move or cut
//
// Before each write, and at the end, the writer checks whether output.log is still
// its file and as long as before. Missing bytes become a gap of kind [Gone], and the
// log continues in a new part. It checks the closed parts whenever it closes one, and
// at the end. It does not notice bytes that are replaced by others. If a log ends
// before the last entry of its time index, or before the end that its caller expects,
// the bytes between are missing.
//
// # Crashes
//
// The writer may be killed between any two steps: after each of them [Open] can
// continue and a [Reader] can read. Only bytes are lost that the writer had taken from
// the task and not yet given to the kernel. After a power failure a part may be shorter
// than its name says; the missing end is then a gap. While output flows, its write-back
// to the disk is started once a second.
package seglog
