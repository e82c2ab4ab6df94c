package storm

import (
	"context"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"bgtasks/test/suite"
)

// reportKills is how many processes are killed while they report.
const reportKills = 300

// TestReportsSurviveKills kills processes that report at any instant: whoever was told
// of a success is in the steps, in the journal and in nobody's way.
func TestReportsSurviveKills(t *testing.T) {
	h := suite.NewHome(t, suite.Build(t))
	h.Expect(0, "bg-start", "--id", "a", "sleep", "600")
	defer h.Run("bg-stop", "a")
	var mu sync.Mutex
	var done []string
	var reporters sync.WaitGroup
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	for i := range 4 {
		dice := rand.New(rand.NewPCG(seed, uint64(i)))
		reporters.Go(func() {
			for j := range reportKills / 4 {
				message := strconv.Itoa(i) + "-" + strconv.Itoa(j)
				cmd := h.Command(context.Background(), "bg-report", "--id", "a", "--percent", strconv.Itoa(j), "--label", message, "step", message)
				if err := cmd.Start(); err != nil {
					t.Error(err)
					return
				}
				end := time.AfterFunc(time.Duration(dice.IntN(12000))*time.Microsecond, func() { cmd.Process.Kill() })
				if cmd.Wait() == nil {
					mu.Lock()
					done = append(done, message)
					mu.Unlock()
				}
				end.Stop()
			}
		})
	}
	reporters.Wait()
	h.Expect(0, "bg-report", "--id", "a", "step", "last")
	messages := h.CheckReports("a")
	_, told := h.Reports("a")
	journal := map[string]bool{}
	for _, s := range told {
		journal[s.Get("message").Str] = true
	}
	for _, message := range append(done, "last") {
		if messages[message] != 1 || !journal[message] {
			t.Errorf("step %q, which was recorded, is there %d times; in the journal: %v", message, messages[message], journal[message])
		}
	}
	t.Logf("%d of %d reports were told of a success, %d are recorded, %d of them in the journal", len(done), reportKills, len(messages)-1, len(told)-1)
}
