package events

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bgtasks/lib/find"
	"bgtasks/lib/record"
	"bgtasks/lib/store"
	"bgtasks/test/testhome"
)

// opened counts the tasks whose spec.json is opened while work is done.
func opened(t *testing.T, h *store.Home, ids []string, work func()) int {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for _, id := range ids {
		if _, err := unix.InotifyAddWatch(fd, filepath.Join(h.TaskDir(id), store.SpecFile), unix.IN_OPEN|unix.IN_ONESHOT); err != nil {
			t.Fatal(err)
		}
	}
	work()
	buf, opens := make([]byte, 64<<10), 0
	for {
		n, err := unix.Read(fd, buf)
		if err != nil {
			return opens
		}
		opens += n / unix.SizeofInotifyEvent / 2 // with the one that tells that the watch is over
	}
}

// aged makes n finished tasks, created a minute apart, the last one first.
func aged(t *testing.T, h *store.Home, n int) (ids []string) {
	t.Helper()
	for i := range n {
		spec := testhome.Spec(t, fmt.Sprintf("t%03d", i))
		spec.CreatedAt = testhome.Time.Add(-time.Duration(i) * time.Minute)
		if i%10 == 0 {
			spec.Tags = []string{"tenth"}
		}
		testhome.Put(t, h, spec, testhome.State(record.Succeeded))
		date(t, h, spec.ID, spec.CreatedAt)
		ids = append(ids, spec.ID)
	}
	return ids
}

func date(t *testing.T, h *store.Home, id string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(filepath.Join(h.TaskDir(id), store.SpecFile), at, at); err != nil {
		t.Fatal(err)
	}
}

// CASES 81: a cut of few reads few, whatever else is in the home.
func TestCutReadsWhatItsConditionsNeed(t *testing.T) {
	h := testhome.New(t)
	ids := aged(t, h, 120)
	testhome.Write(t, h, "t100", store.SpecFile, []byte("damaged"))
	date(t, h, "t100", testhome.Time.Add(-100*time.Minute))
	for _, c := range []struct {
		name   string
		filter find.Filter
		limit  int
		want   []string
		opens  int
	}{
		{"one", find.Filter{}, 1, []string{"t000"}, 1},
		{"none", find.Filter{}, 0, nil, 0},
		{"three", find.Filter{}, 3, []string{"t002", "t001", "t000"}, 3},
		{"with a tag", find.Filter{Tags: []string{"tenth"}}, 2, []string{"t010", "t000"}, 15},
		{"of a kind", find.Filter{Kinds: []string{record.DefaultKind}}, 1, []string{"t000"}, 1},
		{"by its channel", find.Filter{Channels: []string{"task:t090"}}, -1, []string{"t090"}, 1},
		{"by two channels", find.Filter{Channels: []string{"task:t090", "task:t091", "task:nosuch", "task:"}}, -1, []string{"t091", "t090"}, 2},
		{"by an id", find.Filter{IDs: []string{"t090"}}, 1, []string{"t090"}, 1},
		{"by a channel, of a tag", find.Filter{Channels: []string{"task:t091"}, Tags: []string{"tenth"}}, -1, nil, 1},
		{"in an open state", find.Filter{States: []string{"running"}}, 1, nil, 0},
		{"by a channel that others have", find.Filter{Channels: []string{"task:t091", "tag:tenth"}}, 1, []string{"t000"}, 1},
	} {
		take := TakeCut
		if c.limit >= 0 {
			take = func(h *store.Home, f find.Filter) (*Cut, error) { return TakeNewest(h, f, c.limit) }
		}
		var got []string
		opens := opened(t, h, ids, func() {
			cut, err := take(h, c.filter)
			if err != nil {
				t.Fatal(err)
			}
			for _, task := range cut.Tasks {
				got = append(got, task.ID)
			}
		})
		if !slices.Equal(got, c.want) || opens > c.opens {
			t.Errorf("%s: %v, %d specs opened, want %v and at most %d", c.name, got, opens, c.want, c.opens)
		}
	}
}

// The newest are those that were created last, also where the times of the files do not
// tell, as in a copy, or where a run was begun anew.
func TestCutOfTheNewest(t *testing.T) {
	h := testhome.New(t)
	ids := aged(t, h, 40)
	for i, id := range ids {
		date(t, h, id, testhome.Time.Add(time.Duration(i)*time.Hour))
	}
	for n := range 45 {
		cut, err := TakeNewest(h, find.Filter{}, n)
		if err != nil || len(cut.Tasks) != min(n, 40) {
			t.Fatalf("TakeNewest(%d) = %d tasks, %v", n, len(cut.Tasks), err)
		}
		for i, task := range cut.Tasks {
			if want := ids[len(cut.Tasks)-1-i]; task.ID != want {
				t.Errorf("TakeNewest(%d)[%d] = %s, want %s", n, i, task.ID, want)
			}
		}
	}
}
