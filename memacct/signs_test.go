package memacct

import (
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// Each sign shuts the gate at the look that sees it, is told once, and no longer shuts it once it is gone.
func TestSignsShutTheGate(t *testing.T) {
	for name, c := range map[string]struct {
		after int // looks until it is told
		show  func(now *host.Sample, k *host.Reading)
		says  string
	}{
		"limiter":                        {1, func(now *host.Sample, _ *host.Reading) { now.Limiter++ }, "gave the Go memory limit up"},
		"oom":                            {1, func(_ *host.Sample, k *host.Reading) { k.Events.OOM++ }, "ran out of memory"},
		"a kill":                         {1, func(_ *host.Sample, k *host.Reading) { k.Events.OOMKills++ }, "ran out of memory"},
		"under oom":                      {1, func(_ *host.Sample, k *host.Reading) { k.Events.UnderOOM = true }, "ran out of memory"},
		"full cgroup":                    {briefly, func(_ *host.Sample, k *host.Reading) { k.Fill = 0.99 }, "99% of the cgroup's limit are held"},
		"slowed down":                    {briefly, func(_ *host.Sample, k *host.Reading) { k.Fill, k.Events.High = 0.9, k.Events.High+1 }, "90% of the cgroup's limit are held"},
		"standing still":                 {1, func(_ *host.Sample, k *host.Reading) { k.Fill, k.Still = 0.9, 0.3 }, "for 30% of the time nothing in the cgroup goes on"},
		"page cache, and standing still": {0, func(_ *host.Sample, k *host.Reading) { k.Fill, k.Still = 0.5, 0.9 }, ""},
		"live heap":                      {2, func(now *host.Sample, _ *host.Reading) { now.Live, now.Goal = 40*mib, 41*mib }, "40.0 MiB of the heap's goal"},
		"resident":                       {briefly, func(now *host.Sample, _ *host.Reading) { now.RSS = 63 * mib }, "63.0 MiB are resident"},
		"page cache":                     {0, func(_ *host.Sample, k *host.Reading) { k.Events.High++ }, ""},
		"usual figures":                  {0, func(*host.Sample, *host.Reading) {}, ""},
	} {
		g, calm := governed()
		calm.Live, calm.Goal = 20*mib, 40*mib
		quiet := host.Reading{Full: "/a/memory.max", Events: procmem.Events{OOM: 3, OOMKills: 3}} // before our time
		shut, told := g.signs.look(g, calm, quiet, true)
		require.False(t, shut, name)
		require.Empty(t, told, name)
		now, k := calm, quiet
		var all []Event
		for range 5 {
			c.show(&now, &k)
			shut, told = g.signs.look(g, now, k, true)
			all = append(all, told...)
			require.Equal(t, len(all) > 0, len(all) == 1, name)
		}
		require.Equal(t, c.after > 0, shut, name)
		if c.after > 0 {
			require.Len(t, all, 1, name)
			require.Contains(t, all[0].Text, c.says, name)
			require.Equal(t, EventAlarm, all[0].Kind)
		}
		k.Events.UnderOOM, k.Fill = false, 0
		now.Live, now.RSS = calm.Live, calm.RSS
		shut, _ = g.signs.look(g, now, k, true)
		require.False(t, shut, "%s: it is over", name)
	}
}

func TestThrashIsToldOnceAnOnset(t *testing.T) {
	g, now := governed()
	now.At, now.Live, now.Goal = time.Now(), 40*mib, 44*mib
	told, text := 0, ""
	cycle := func(share float64) {
		now.At = now.At.Add(500 * time.Millisecond)
		now.Cycles++
		now.GCCPU += share * 0.5 * float64(runtime.GOMAXPROCS(0))
		g.gc.add(now)
		if e, yes := g.thrash(now); yes {
			told++
			text = e.Text
			require.Equal(t, EventThrash, e.Kind)
			require.Contains(t, e.Text, "raise the limit to")
			require.Greater(t, g.roomy(now), g.process)
		}
	}
	for range 30 {
		cycle(0.1)
	}
	require.Zero(t, told)
	require.InDelta(t, 0.1, g.gc.share, 0.001)
	for range 60 {
		cycle(0.6)
	}
	require.Equal(t, 1, told)
	require.Regexp(t, `held only by collecting garbage nearly all the time: [2-6][0-9]% of all CPU goes there, with`, text)
	for range 30 {
		cycle(0.05)
	}
	now.Limiter = now.Cycles // the runtime gives up: at once
	cycle(0.05)
	require.Equal(t, 2, told)
	require.Contains(t, text, "held only for now: collecting garbage took half of the processor, and so the Go runtime let its memory limit go for a moment, with")
	require.True(t, g.gc.limited)
	for range 20 {
		cycle(0.05)
	}
	require.False(t, g.gc.limited)
	for range 4 { // coming and going: twice a minute at most
		for range 10 {
			cycle(0.6)
		}
		for range 20 {
			cycle(0.05)
		}
	}
	require.Equal(t, 4, told)
	now.Goal = 68 * mib // as the governor has it with a budget full of content, and a higher limit would hold more
	for range 200 {
		cycle(0.6)
	}
	require.Equal(t, 4, told)
}

// Units that get in one by one for some seconds are a warning; a few are none, and after a pause they begin anew.
func TestACrawl(t *testing.T) {
	var c crawl
	now := time.Now()
	units := func(n int, gap time.Duration) (crawls bool) {
		for range n {
			now = now.Add(gap)
			crawls = c.add(now)
		}
		return crawls
	}
	require.False(t, units(20, 100*time.Millisecond), "that was quick")
	require.True(t, units(20, 100*time.Millisecond))
	require.False(t, units(1, crawlGap+time.Millisecond), "after a pause it begins anew")
	require.False(t, units(5, 900*time.Millisecond), "these are few")
	require.True(t, units(2, 900*time.Millisecond))
}

// A crawl is told, however long its units take here.
func TestACrawlIsTold(t *testing.T) {
	b, told := watched(t, hostOf(0, 0, 8<<30), Process(200*mib))
	g := NewGate(b.Account("test"), "units", 1, weight)
	one := func(began time.Duration) {
		b.lock()
		now := time.Now()
		was := now.Add(time.Hour) // no gap before this one
		b.crawl.last, b.crawl.since = was, now.Add(began)
		b.unlockQuiet()
		for crawled := false; !crawled; { // not where the governor looked after the cut: there was room then
			cut(b, 0)
			require.NoError(t, g.Put(t.Context(), &load{1000}))
			require.Equal(t, 1, g.Discard())
			b.lock()
			crawled = b.crawl.last != was
			b.unlockQuiet()
		}
	}
	for range crawlUnits {
		one(time.Hour)
	}
	require.Empty(t, told, "it has just begun")
	one(-thrashOver)
	e := <-told
	require.Equal(t, EventThrash, e.Kind)
	require.Contains(t, e.Text, "one by one")
	require.Contains(t, e.Text, "raise the process limit to")
	empty(t, b)
}

// The factor is found under noise, with other memory growing meanwhile, and not made up where nothing moves.
func TestCalibrationUnderNoise(t *testing.T) {
	for _, truth := range []float64{0.5, 1, 1.3, 2} {
		r := rand.New(rand.NewPCG(5, 6))
		var c calibration
		for i := range 200 {
			used := r.Float64() * 20 * float64(mib)
			noise := r.NormFloat64() * float64(mib) / 3
			if i%10 == 0 {
				noise += 15 * float64(mib) // a collection that caught something else
			}
			drift := float64(i) * 0.1 * float64(mib)
			c.add(int64(truth*used+noise+drift), int64(used))
		}
		require.InEpsilon(t, truth, c.factor(), 0.1)
	}
	var still, wild calibration
	r := rand.New(rand.NewPCG(7, 8))
	for range 100 {
		still.add(20*mib+r.Int64N(mib), 10*mib+int64(r.IntN(1000)))
		wild.add(r.Int64N(100*mib), r.Int64N(10*mib))
	}
	require.Zero(t, still.factor(), "nothing moved")
	require.Zero(t, wild.factor(), "no two say the same")
	require.Empty(t, sizesText(0))
}

func TestSizesThatAreOffForLongAreToldOnce(t *testing.T) {
	var c calibration
	now, told := time.Now(), 0
	for i := range 200 {
		used := int64(i%5) * 4 * mib
		c.add(2*used, used)
		now = now.Add(time.Second)
		if e, yes := c.off(now); yes {
			told++
			require.Contains(t, e.Text, "sizes under-report 2.0x")
		}
	}
	require.Equal(t, 1, told)
}
