package memacct

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/syncmem/syncmem/memacct/internal/core"
)

// A ring in any order of its operations is a plain slice.
func TestRingIsFirstInFirstOut(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var r ring[int]
		var want []int // the values, each charged ten times as much
		next := 0
		more := func(n int) (vs []int, costs []cost) {
			for range n {
				vs, costs = append(vs, next), append(costs, cost{int64(10 * next), int64(next)})
				next++
			}
			return vs, costs
		}
		rt.Repeat(map[string]func(*rapid.T){
			"push": func(*rapid.T) {
				vs, costs := more(1)
				r.push(vs[0], costs[0])
				want = append(want, vs[0])
			},
			"push all": func(rt *rapid.T) {
				vs, costs := more(rapid.IntRange(0, 70).Draw(rt, "n"))
				r.pushAll(vs, costs)
				want = append(want, vs...)
			},
			"take": func(rt *rapid.T) {
				p := core.Portion{Units: rapid.IntRange(1, 80).Draw(rt, "units"), Bytes: 1 << 40, Enough: rapid.Int64Range(1, 50_000).Draw(rt, "enough")}
				vs, costs, bytes := r.take(nil, nil, p)
				var sum int64
				for i, v := range vs {
					require.Equal(rt, want[i], v)
					require.Equal(rt, cost{int64(10 * v), int64(v)}, costs[i])
					sum += costs[i].charge
				}
				require.Equal(rt, sum, bytes)
				want = want[len(vs):]
				require.True(rt, len(want) == 0 || len(vs) == p.Units || sum >= p.Enough)
			},
			"unpop": func(*rapid.T) {
				vs, costs := more(1)
				r.unpop(slot[int]{vs[0], costs[0]})
				want = append([]int{vs[0]}, want...)
			},
			"clear": func(*rapid.T) { r.clear(); want = nil },
			"": func(*rapid.T) {
				require.Equal(rt, len(want), r.n)
				for i, v := range r.vals { // what was taken is forgotten
					if in := (i - r.head + len(r.vals)) % len(r.vals); in >= r.n {
						require.Zero(rt, v)
					}
				}
			},
		})
	})
}
