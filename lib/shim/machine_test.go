package shim

import (
	"path"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

var (
	lives  = []string{"running", "lingering", "unkept", "recorded", "staying", "gone"}
	forces = []string{"", "+asking", "+killing"}
	events = []string{"leaderEnded", "leaderEndedAwaitRest", "leaderEndedKillRest", "treeGone", "endKept", "allGone", "othersLeft",
		"stopAsked", "graceOver", "limitReached", "fellSilent", "gaveSign"}
)

func (s state) String() string { return lives[s.life] + forces[s.force] }

func (a action) String() string {
	name := runtime.FuncForPC(reflect.ValueOf(a).Pointer()).Name()
	return strings.TrimPrefix(path.Ext(name), ".")
}

// eachState visits every state.
func eachState(visit func(state)) {
	for l := range lives {
		for f := range forces {
			visit(state{life(l), force(f)})
		}
	}
}

// transitions are all there are: in this state, on this event, to that one, doing this.
const transitions = `
running           leaderEnded          unkept            recordEnd
running           leaderEndedAwaitRest lingering
running           leaderEndedKillRest  lingering+killing kill
running+asking    leaderEnded          lingering+asking
running+asking    leaderEndedAwaitRest lingering+asking
running+asking    leaderEndedKillRest  lingering+asking
running+killing   leaderEnded          lingering+killing
running+killing   leaderEndedAwaitRest lingering+killing
running+killing   leaderEndedKillRest  lingering+killing
lingering         treeGone             unkept            recordEnd
lingering+asking  treeGone             unkept+asking     recordEnd
lingering+killing treeGone             unkept+killing    recordEnd
unkept            endKept              recorded
unkept+asking     endKept              recorded+asking
unkept+killing    endKept              recorded+killing
recorded          othersLeft           staying           sendDispatcher
recorded+asking   othersLeft           staying+asking    sendDispatcher
recorded+killing  othersLeft           staying+killing   sendDispatcher
recorded          allGone              gone
recorded+asking   allGone              gone+asking
recorded+killing  allGone              gone+killing
staying           allGone              gone
staying+asking    allGone              gone+asking
staying+killing   allGone              gone+killing

running           stopAsked            running+asking    signal announceStop
lingering         stopAsked            lingering+asking  signal announceStop
unkept            stopAsked            unkept+asking     signal
recorded          stopAsked            recorded+asking   signal
staying           stopAsked            staying+asking    signal
running+asking    stopAsked            running+asking    signal
lingering+asking  stopAsked            lingering+asking  signal
unkept+asking     stopAsked            unkept+asking     signal
recorded+asking   stopAsked            recorded+asking   signal
staying+asking    stopAsked            staying+asking    signal
running+asking    graceOver            running+killing   kill
lingering+asking  graceOver            lingering+killing kill
unkept+asking     graceOver            unkept+killing    kill
recorded+asking   graceOver            recorded+killing  kill
staying+asking    graceOver            staying+killing   kill

running           limitReached         running           timeOut
lingering         limitReached         lingering         timeOut
running           fellSilent           running           bark
lingering         fellSilent           lingering         bark
running           gaveSign             running           revive
lingering         gaveSign             lingering         revive
`

// Every state has its answer to every event; where the table has none, nothing happens.
func TestNext(t *testing.T) {
	want := map[string]string{}
	for line := range strings.Lines(transitions) {
		if f := strings.Fields(line); len(f) > 0 {
			want[f[0]+" "+f[1]] = strings.Join(f[2:], " ")
		}
	}
	eachState(func(s state) {
		for e, name := range events {
			next, actions := s.next(event(e))
			got := next.String()
			for _, a := range actions {
				got += " " + a.String()
			}
			key := s.String() + " " + name
			expected, listed := want[key]
			if !listed {
				expected = s.String()
			}
			if delete(want, key); got != expected {
				t.Errorf("%s: got %s, want %s", key, got, expected)
			}
		}
	})
	for key := range want {
		t.Errorf("%s: no such state or event", key)
	}
}

// A supervisor never goes back, and each comes to its end when all that it waits for
// has happened.
func TestEveryStateComesToItsEnd(t *testing.T) {
	eachState(func(from state) {
		s := from
		for e := range events {
			if next, _ := from.next(event(e)); next.life < from.life || next.force < from.force {
				t.Errorf("%v: %s leads back to %v", from, events[e], next)
			}
			s, _ = s.next(event(e))
		}
		if s.life != gone {
			t.Errorf("%v: all events lead to %v, want gone", from, s)
		}
	})
}
