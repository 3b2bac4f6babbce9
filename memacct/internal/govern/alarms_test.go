package govern

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// Each alarm shuts the gate at the check that finds it, is told once, and no longer shuts it once it is gone.
func TestSignsShutTheGate(t *testing.T) {
	for name, c := range map[string]struct {
		after int // checks until it is told
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
		shut, told := g.Alarms.Check(g.Process, calm, quiet, true)
		require.False(t, shut, name)
		require.Empty(t, told, name)
		now, k := calm, quiet
		var all []Notice
		for range 5 {
			c.show(&now, &k)
			shut, told = g.Alarms.Check(g.Process, now, k, true)
			all = append(all, told...)
			require.Equal(t, len(all) > 0, len(all) == 1, name)
		}
		require.Equal(t, c.after > 0, shut, name)
		if c.after > 0 {
			require.Len(t, all, 1, name)
			require.Contains(t, all[0].Text, c.says, name)
			require.Equal(t, alarm, all[0].Kind)
		}
		k.Events.UnderOOM, k.Fill = false, 0
		now.Live, now.RSS = calm.Live, calm.RSS
		shut, _ = g.Alarms.Check(g.Process, now, k, true)
		require.False(t, shut, "%s: it is over", name)
	}
}
