package admit

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// drawScenario draws a fleet that is larger than the model check could search.
func drawScenario(t *rapid.T) *scenario {
	sc := &scenario{kills: rapid.IntRange(0, 3).Draw(t, "kills")}
	for range rapid.IntRange(1, 5).Draw(t, "hosts") {
		sc.hosts = append(sc.hosts, mhost{budget: rapid.Int64Range(1, 40).Draw(t, "budget"), workers: rapid.IntRange(1, 6).Draw(t, "workers")})
	}
	for range rapid.IntRange(1, 14).Draw(t, "jobs") {
		sc.jobs = append(sc.jobs, Job{
			Size:     rapid.Int64Range(1, 44).Draw(t, "size"),
			Priority: rapid.IntRange(1, 4).Draw(t, "priority"),
			Group:    rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "group"),
			Alone:    rapid.IntRange(0, 9).Draw(t, "alone") == 0,
		})
	}
	sc.later = rapid.SliceOfN(rapid.Int64Range(1, 40), 0, 3).Draw(t, "later")
	return sc
}

// Any steps in any order are right, and whatever state they lead to, the fleet comes to an end from there: rounds in which
// every claimant asks, every worker fetches and every run ends finish at least one job each.
func TestAnyFleetComesToAnEnd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(drawScenario(t))
		for range rapid.IntRange(0, 150).Draw(t, "steps") {
			all := w.steps()
			if len(all) == 0 {
				break
			}
			s := all[rapid.IntRange(0, len(all)-1).Draw(t, "step")]
			require.NoError(t, s.do(w, Decide), s.name)
		}
		for range 3 * len(w.jobs) {
			round(t, w)
		}
		require.True(t, w.finished(), "still there: %v %v", w.hosts, w.jobs)
	})
}

// round ends what runs, has those ask who wait in a worker, and then every worker that is free fetch each job in turn.
func round(t *rapid.T, w *world) {
	for j, s := range w.jobs {
		if s.at == running {
			w.end(j)
		}
	}
	for j, s := range w.jobs {
		if s.at == inPlace {
			require.NoError(t, w.ask(Decide, s.host, j))
		}
	}
	for j := range w.jobs {
		for h := range w.hosts {
			if w.jobs[j].at == queued && w.busy(h) < w.hosts[h].workers {
				require.NoError(t, w.ask(Decide, h, j))
			}
		}
	}
}

// A group's part of the workers, by number of workers and share.
func TestMost(t *testing.T) {
	for _, c := range []struct {
		workers int
		share   float64
		want    int
	}{
		{1, 0, 1},
		{2, 0, 1},
		{10, 0, 9},
		{1, 0.5, 1},
		{2, 1, 1},
		{10, 0.5, 5},
		{10, 0.01, 1},
		{10, 2, 9},
	} {
		require.Equal(t, c.want, Rules{GroupShare: c.share}.most(c.workers), "%v", c)
	}
}

func TestWords(t *testing.T) {
	for a, want := range map[Action]string{Admit: "admit", Claim: "claim", Wait: "wait", Fail: "fail"} {
		require.Equal(t, want, a.String())
	}
}
