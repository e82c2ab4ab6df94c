package record

// The kinds of channels. Those of the first group are implied by the facts of a task;
// the others are words for channels that a caller gives, in addition to free ones.
const (
	ChannelTask        = "task:"
	ChannelKind        = "kind:"
	ChannelTag         = "tag:"
	ChannelSession     = "session:"
	ChannelDedupe      = "dedupe:"
	ChannelConcurrency = "concurrency:"
	ChannelSupersede   = "supersede:"

	ChannelTopic       = "topic:"
	ChannelResource    = "resource:"
	ChannelCorrelation = "correlation:"
	ChannelScope       = "scope:"
)

// ImpliedChannels are the beginnings of the channels that nobody can give.
var ImpliedChannels = []string{ChannelTask, ChannelKind, ChannelTag, ChannelSession, ChannelDedupe, ChannelConcurrency, ChannelSupersede}

// AllChannels gives the channels that the task belongs to: those that are implied,
// then those given, each once. Queries and live matching both go by them.
func (s *Spec) AllChannels() []string {
	list := []string{ChannelTask + s.ID}
	add := func(channel string) {
		for _, c := range list {
			if c == channel {
				return
			}
		}
		list = append(list, channel)
	}
	implied := func(prefix, key string) {
		if key != "" {
			add(prefix + key)
		}
	}
	implied(ChannelKind, s.Kind)
	for _, tag := range s.Tags {
		implied(ChannelTag, tag)
	}
	implied(ChannelSession, s.SessionID)
	implied(ChannelDedupe, s.DedupeKey)
	implied(ChannelConcurrency, s.ConcurrencyKey)
	implied(ChannelSupersede, s.SupersedeKey)
	for _, channel := range s.Channels {
		add(channel)
	}
	return list
}
