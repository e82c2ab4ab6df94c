package record

// AppendAttempt appends the line of attempts.ndjson for the attempt that the
// state is about, with its newline: what is known of an attempt once the state of
// the next one takes its place in state.json.
func (s *State) AppendAttempt(b []byte) []byte {
	o := openObject(b)
	o.int("v", Version)
	o.int("run", int64(s.Run))
	o.int("attempt", int64(s.Attempt))
	o.str("state", string(s.State))
	s.appendEnd(&o)
	o.optTime("startedAt", s.StartedAt)
	o.optTime("exitedAt", s.ExitedAt)
	s.appendLogs(&o)
	return append(o.close(), '\n')
}

// appendLogs writes what of the logs is the attempt's.
func (s *State) appendLogs(o *object) {
	o.optInt("logStart", s.LogStart)
	o.optInt("logEnd", s.LogEnd)
	o.optInt("errorsStart", s.ErrorsStart)
	o.optInt("errorsEnd", s.ErrorsEnd)
	o.optStr("outputEnd", s.OutputEnd)
}
