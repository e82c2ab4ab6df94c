package record

import "strconv"

// The environment variables that tell a process whose it is.
const (
	MarkTask    = "BG_TASK_ID"
	MarkRun     = "BG_RUN"
	MarkAttempt = "BG_ATTEMPT"
	MarkHome    = "BACKGROUND_TASKS_HOME"
	MarkToken   = "BG_RUN_TOKEN"
)

// IsMark tells whether a variable is one of these: every task is given its own, whatever
// its caller says.
func IsMark(name string) bool {
	switch name {
	case MarkTask, MarkRun, MarkAttempt, MarkHome, MarkToken:
		return true
	}
	return false
}

// TokenLen is the length of a run token: 16 random bytes in lower-case hex.
const TokenLen = 32

// ValidToken tells whether a text has the form of a run token.
func ValidToken(token string) bool {
	for i := 0; i < len(token); i++ {
		if c := token[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(token) == TokenLen
}

// Environ are the variables that a run adds to the environment of its task, those
// that tell its processes from all others.
func (s *Spec) Environ(home string) []string {
	return append(oldMarks(s.ID, s.Run, home), MarkToken+"="+s.RunToken)
}

// Marks are the environment entries by which a process tells that it was started as
// part of a run, wherever it has moved since and whatever became of the home. Names have
// to do for a run without a token, which an older version started, or whose spec can't
// be read.
func Marks(token, id string, run int, home string) []string {
	if token == "" {
		return oldMarks(id, run, home)
	}
	return []string{MarkToken + "=" + token}
}

func oldMarks(id string, run int, home string) []string {
	return []string{MarkTask + "=" + id, MarkRun + "=" + strconv.Itoa(run), MarkHome + "=" + home}
}
