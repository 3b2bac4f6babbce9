package core

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// full reports whether the model check goes to its full depth, which takes minutes, and brief whether it ends early: the
// race detector is on. Every scenario is searched to its end by a go test without it.
var (
	full  = os.Getenv("SYNCMEM_MODEL") == "full"
	brief bool
)

func single() Taker                { return Taker{Size: 1} }
func batch(n int) Taker            { return Taker{Batch: true, Size: n} }
func ahead(n int) Taker            { return Taker{Size: 1, Prefetch: n} }
func puts(sizes ...int64) prodSpec { return prodSpec{sizes: sizes} }

// builds reserves, and grows while the unit is built.
func builds(first int64, steps ...int64) prodSpec {
	return prodSpec{sizes: []int64{first}, grows: steps, reserve: true}
}

// line is a gate and queues behind it, all of the first account.
func line(qs ...queueSpec) []queueSpec {
	for i := range qs {
		qs[i].plain = i > 0
		if i+1 < len(qs) {
			qs[i].next = i + 1
		}
	}
	return qs
}

var scenarios = []scenario{
	{
		name: "A batch", limit: 3, floors: []int64{0},
		queues: line(queueSpec{capacity: 4, cons: []Taker{batch(4)}}),
		prods:  []prodSpec{puts(1, 1, 2), puts(1, 2)},
	},
	{
		name: "B oversize", limit: 3, floors: []int64{0},
		queues: line(queueSpec{capacity: 4, cons: []Taker{batch(4)}}),
		prods:  []prodSpec{puts(1, 5, 1), puts(2, 4)},
	},
	{
		name: "B oversize overrun", limit: 3, overrun: 2, floors: []int64{0},
		queues: line(queueSpec{capacity: 4, cons: []Taker{batch(4)}}),
		prods:  []prodSpec{puts(1, 5, 1), puts(6, 4)},
	},
	{
		name: "C growth downstream", limit: 4, floors: []int64{0},
		queues: line(queueSpec{capacity: 4, grow: 2, cons: []Taker{single()}}, queueSpec{capacity: 2, cons: []Taker{batch(3)}}),
		prods:  []prodSpec{puts(1, 2, 1), puts(2, 1)},
	},
	{
		name: "D idle batch of another account", limit: 3, floors: []int64{0, 0},
		queues: []queueSpec{{capacity: 4, cons: []Taker{batch(4)}}, {account: 1, capacity: 4, cons: []Taker{batch(4)}}},
		prods:  []prodSpec{puts(1, 1), {queue: 1, sizes: []int64{2, 2}}},
	},
	{
		name: "one event lets many in", limit: 2, limits: []int64{4}, floors: []int64{0},
		queues: line(queueSpec{capacity: 4, cons: []Taker{batch(2)}}),
		prods:  []prodSpec{puts(1, 1), puts(1), puts(1)},
	},
	{
		name: "E futures within an account", limit: 3, overrun: 2, floors: []int64{0},
		queues: line(queueSpec{capacity: 4, cons: []Taker{single()}}),
		prods:  []prodSpec{puts(2, 2, 1), puts(1)}, needs: map[int]int{0: 1, 1: 2},
	},
	{
		name: "F futures across accounts", limit: 3, floors: []int64{0, 0},
		queues: []queueSpec{{capacity: 4, cons: []Taker{single()}}, {account: 1, capacity: 4, cons: []Taker{single()}}},
		prods:  []prodSpec{puts(2, 1), {queue: 1, sizes: []int64{2, 1}}}, needs: map[int]int{0: 2, 3: 1},
	},
	{
		name: "G floors", limit: 6, floors: []int64{2, 1},
		queues: []queueSpec{{capacity: 4, cons: []Taker{batch(4)}}, {account: 1, capacity: 4, cons: []Taker{batch(4)}}},
		prods:  []prodSpec{puts(1, 3, 2), {queue: 1, sizes: []int64{1, 5, 1}}},
	},
	{
		name: "W worker held by a future", limit: 3, floors: []int64{0},
		queues: line(queueSpec{capacity: 1, cons: []Taker{single(), single()}, holds: true}),
		prods:  []prodSpec{puts(1, 1, 1), puts(2)}, needs: map[int]int{0: 3, 1: 3},
	},
	{
		name: "W behind a queue", limit: 4, floors: []int64{0},
		queues: line(queueSpec{capacity: 1, cons: []Taker{single()}}, queueSpec{capacity: 1, cons: []Taker{single()}, holds: true}),
		prods:  []prodSpec{puts(1, 1, 1, 1, 1)}, needs: map[int]int{0: 4},
	},
	{
		name: "reservations", limit: 4, floors: []int64{0}, env: env{cancel: true, closing: true}, budget: 1,
		queues: line(queueSpec{capacity: 1, cons: []Taker{single()}}),
		prods:  []prodSpec{{sizes: []int64{1, 2}, reserve: true, settle: 1}, {sizes: []int64{2, 1}, reserve: true}, puts(1)},
	},
	{
		name: "limit down and up", limit: 4, floors: []int64{0}, limits: []int64{2, 4, 1, 3},
		queues: line(queueSpec{capacity: 4, cons: []Taker{batch(3)}}),
		prods:  []prodSpec{puts(2, 2), puts(1, 3)},
	},
	{
		name: "cancel and close at every point", deep: true, limit: 3, floors: []int64{0}, env: env{cancel: true, closing: true}, budget: 2,
		queues: line(queueSpec{capacity: 2, cons: []Taker{batch(2)}}, queueSpec{capacity: 1, cons: []Taker{single()}}),
		prods:  []prodSpec{puts(2, 1), puts(2, 1), puts(1)},
	},
	{
		name: "two batch consumers", limit: 4, floors: []int64{0}, env: env{linger: true, closing: true, cancel: true}, budget: 1,
		queues: line(queueSpec{capacity: 3, cons: []Taker{batch(3), batch(2)}}),
		prods:  []prodSpec{puts(1, 1, 2), puts(2, 1)},
	},
	{
		name: "consumers that quit", deep: true, limit: 3, floors: []int64{0}, env: env{quit: true, discard: true, linger: true}, budget: 2,
		queues: line(queueSpec{capacity: 2, cons: []Taker{batch(2), single()}}, queueSpec{capacity: 1, cons: []Taker{single()}}),
		prods:  []prodSpec{puts(1, 1, 1), puts(2)},
	},
	{
		name: "slots downstream", deep: true, limit: 6, floors: []int64{0}, env: env{cancel: true}, budget: 1,
		queues: line(queueSpec{capacity: 2, cons: []Taker{batch(2), single()}}, queueSpec{capacity: 1, cons: []Taker{single(), batch(2)}}),
		prods:  []prodSpec{puts(2, 1), puts(2, 1)},
	},
	{
		name: "bypass and claimant", deep: true, limit: 4, floors: []int64{0},
		queues: line(queueSpec{capacity: 3, cons: []Taker{single()}}),
		prods:  []prodSpec{puts(3), puts(4), puts(1, 1, 1, 1, 1, 1)},
	},
	{
		name: "units taken ahead", limit: 9, floors: []int64{0}, env: env{quit: true}, budget: 1,
		queues: line(queueSpec{capacity: 8, cons: []Taker{ahead(3), ahead(3)}}),
		prods:  []prodSpec{puts(1, 1, 1, 1, 1, 1, 1, 1), puts(3)},
	},
	{
		name: "units taken ahead beside a batch", deep: true, limit: 9, overrun: 2, floors: []int64{0}, env: env{linger: true}, budget: 1,
		queues: line(queueSpec{capacity: 8, cons: []Taker{ahead(3), batch(10)}}),
		prods:  []prodSpec{puts(1, 1, 1, 1, 1, 1, 1, 1), puts(11)},
	},
	{
		name: "units on credit", limit: 6, floors: []int64{1, 0}, limits: []int64{3}, posts: true,
		queues: []queueSpec{{capacity: 4, cons: []Taker{batch(3)}}, {account: 1, capacity: 4, cons: []Taker{ahead(2)}}},
		prods:  []prodSpec{puts(1, 1, 2, 1), {queue: 1, sizes: []int64{1, 3, 1}}, puts(2)},
	},
	{
		name: "N neighbour that takes its time", limit: 10, floors: []int64{0, 0}, ticks: true,
		queues: []queueSpec{{capacity: 4, cons: []Taker{batch(4)}}, {account: 1, capacity: 4, cons: []Taker{single()}}},
		prods:  []prodSpec{puts(3, 2, 4), puts(1, 4), {queue: 1, sizes: []int64{2}, reserve: true, slow: true}},
	},
	{
		name: "R a consumer that rests", limit: 10, floors: []int64{0, 0},
		queues: []queueSpec{{capacity: 4, cons: []Taker{batch(4)}}, {account: 1, capacity: 4, rests: true, cons: []Taker{single()}}},
		prods:  []prodSpec{puts(4, 3, 4), {queue: 1, sizes: []int64{1, 1, 1}}},
	},
	{
		name: "fits behind a claimant that does not", limit: 8, floors: []int64{0},
		queues: line(queueSpec{capacity: 9, cons: []Taker{single(), single()}, holds: true}),
		prods:  []prodSpec{puts(5), puts(7), puts(2, 2, 2, 2, 1)}, needs: map[int]int{0: 6},
	},
	{
		name: "shares", limit: 12, floors: []int64{0},
		queues: line(queueSpec{capacity: 6, cons: []Taker{single()}}, queueSpec{capacity: 4, cons: []Taker{batch(4)}}, queueSpec{capacity: 4, cons: []Taker{batch(3)}}),
		prods:  []prodSpec{puts(2, 2, 3, 2), puts(2, 4)},
	},
	{
		name: "L late for its next unit", limit: 20, floors: []int64{0},
		queues: line(queueSpec{capacity: 4, tardy: true, cons: []Taker{single()}}, queueSpec{capacity: 4, cons: []Taker{batch(4)}}),
		prods:  []prodSpec{puts(5, 5, 10), puts(5, 5)},
	},
	{
		name: "units of no bytes", limit: 2, floors: []int64{0},
		queues: line(queueSpec{capacity: 3, cons: []Taker{batch(3)}}),
		prods:  []prodSpec{puts(0, 2, 0), puts(3, 1)},
	},
	{
		name: "charges in no queue", limit: 4, named: 3, floors: []int64{0, 0},
		queues: []queueSpec{{capacity: 2, cons: []Taker{batch(2)}}, {account: 1, capacity: 2, cons: []Taker{single()}}},
		prods:  []prodSpec{puts(2, 1), {queue: 1, sizes: []int64{1, 2}}},
	},
	{
		name: "M several emitters of one stage", limit: 3, floors: []int64{0},
		queues: line(queueSpec{capacity: 1, makes: 4, part: 1, cons: []Taker{single()}}, queueSpec{capacity: 1, cons: []Taker{single()}}),
		prods:  []prodSpec{puts(1), puts(3)},
	},
	{
		name: "M several emitters behind a batch", deep: true, limit: 3, floors: []int64{0}, env: env{cancel: true}, budget: 1,
		queues: line(queueSpec{capacity: 2, makes: 2, part: 1, cons: []Taker{batch(2)}}, queueSpec{capacity: 1, cons: []Taker{batch(2)}}),
		prods:  []prodSpec{puts(1, 1, 1), puts(1)},
	},
	{
		name: "plain puts beside leases", limit: 6, floors: []int64{0, 0}, env: env{cancel: true}, budget: 1,
		queues: []queueSpec{
			{capacity: 1, next: 2, makes: 2, part: 1, cons: []Taker{single()}},
			{account: 1, capacity: 1, next: 3, cons: []Taker{single()}},
			{plain: true, capacity: 1, cons: []Taker{batch(2)}},
			{account: 1, plain: true, capacity: 1, cons: []Taker{single()}},
		},
		prods: []prodSpec{puts(1), {queue: 1, sizes: []int64{2, 2, 3}}},
	},
	{
		name: "P plain puts of a loop, behind them a future", limit: 6, floors: []int64{0},
		queues: line(queueSpec{capacity: 3, makes: 1, part: 1, loop: true, cons: []Taker{ahead(3)}}, queueSpec{capacity: 1, cons: []Taker{single()}, holds: true}),
		prods:  []prodSpec{puts(1, 1, 1, 1), puts(3)}, needs: map[int]int{5: 4},
	},
	{
		name: "P plain puts of a loop over batches, behind them a future", limit: 6, floors: []int64{0},
		queues: line(queueSpec{capacity: 3, makes: 1, part: 1, loop: true, cons: []Taker{batch(3)}}, queueSpec{capacity: 1, cons: []Taker{single()}, holds: true}),
		prods:  []prodSpec{puts(1, 1, 1, 1), puts(3)}, needs: map[int]int{5: 4},
	},
	{
		name: "S diamond", limit: 100, floors: []int64{0},
		queues: diamond(queueSpec{holds: true}),
		prods:  []prodSpec{puts(1, 1, 1, 1, 1, 1)}, needs: map[int]int{1: 0},
	},
	{
		name: "S diamond, the end of the wait can't be told", limit: 100, floors: []int64{0},
		queues: diamond(queueSpec{holds: true, blind: true}),
		prods:  []prodSpec{puts(1, 1, 1, 1, 1, 1)}, needs: map[int]int{1: 0},
	},
	{
		name: "S diamond, nobody says who waits", limit: 100, floors: []int64{0}, ticks: true,
		queues: diamond(queueSpec{silent: true}),
		prods:  []prodSpec{puts(1, 1, 1, 1, 1, 1)}, needs: map[int]int{1: 0},
	},
	{
		name: "H several builders", limit: 6, floors: []int64{0},
		queues: line(queueSpec{capacity: 2, cons: []Taker{batch(2)}}),
		prods:  []prodSpec{builds(1, 2, 2), builds(1, 4), builds(2, 1), puts(2)},
	},
	{
		name: "H builders, two of them hopeless", limit: 4, floors: []int64{0}, env: env{cancel: true}, budget: 1,
		queues: line(queueSpec{capacity: 1, cons: []Taker{single()}}),
		prods:  []prodSpec{builds(1, 2, 3), builds(1, 4), builds(1, 2)},
	},
	{
		name: "H builders that overrun", limit: 4, overrun: 2, floors: []int64{0},
		queues: line(queueSpec{capacity: 2, cons: []Taker{batch(2)}}),
		prods:  []prodSpec{builds(1, 2, 3), builds(1, 2, 1), builds(1, 9), puts(2)},
	},
	{
		name: "H builders of several accounts", limit: 8, floors: []int64{2, 0},
		queues: []queueSpec{{capacity: 2, cons: []Taker{batch(3)}}, {account: 1, capacity: 2, cons: []Taker{batch(2)}}},
		prods:  []prodSpec{builds(1, 4), {queue: 1, sizes: []int64{2}, grows: []int64{2, 2}, reserve: true}, {queue: 1, sizes: []int64{1, 3}}},
	},
	{
		name: "H builders under a limit that falls, and gates that close", limit: 6, limits: []int64{3}, floors: []int64{0}, env: env{cancel: true, closing: true}, budget: 1,
		queues: line(queueSpec{capacity: 2, cons: []Taker{batch(2)}}),
		prods:  []prodSpec{builds(1, 2, 2), builds(1, 2), puts(2)},
	},
	{
		name: "H a builder, and units that wait for others", limit: 4, floors: []int64{0},
		queues: line(queueSpec{capacity: 4, cons: []Taker{single()}}),
		prods:  []prodSpec{puts(2, 1), builds(1, 1), puts(1)}, needs: map[int]int{0: 3},
	},
	{
		name: "H builders of no bytes, and charges in no queue", limit: 4, named: 2, floors: []int64{0},
		queues: line(queueSpec{capacity: 1, cons: []Taker{single()}}),
		prods:  []prodSpec{builds(0, 0, 1), builds(0, 2, 1), puts(0, 1)},
	},
	{
		name: "X accounts end at every step", limit: 3, floors: []int64{0, 1}, env: env{ending: true, quit: true}, budget: 2,
		queues: []queueSpec{{capacity: 2, cons: []Taker{single()}}, {account: 1, capacity: 2, cons: []Taker{batch(2)}}},
		prods:  []prodSpec{puts(2, 2), {queue: 1, sizes: []int64{1, 3}}},
	},
	{
		name: "queues, gates and accounts close under emitters", limit: 4, floors: []int64{0}, env: env{ending: true, closing: true, cancel: true}, budget: 2,
		queues: line(queueSpec{capacity: 1, makes: 2, part: 1, cons: []Taker{single()}}, queueSpec{capacity: 1, cons: []Taker{single()}}),
		prods:  []prodSpec{puts(1, 2), puts(4)},
	},
	{
		name: "I an idle batcher of another account", limit: 10, floors: []int64{0, 0},
		queues: []queueSpec{{capacity: 2, next: 2, cons: []Taker{single()}}, {account: 1, capacity: 4, cons: []Taker{batch(4)}}, {plain: true, capacity: 6, cons: []Taker{batch(6)}}},
		prods:  []prodSpec{puts(2, 2, 2, 2, 2, 2), {queue: 1}},
	},
	{
		name: "I three accounts", limit: 10, floors: []int64{0, 0, 0},
		queues: []queueSpec{
			{capacity: 2, next: 3, cons: []Taker{single()}},
			{account: 1, capacity: 4, cons: []Taker{batch(4)}},
			{account: 2, capacity: 4, cons: []Taker{batch(4)}},
			{plain: true, capacity: 6, cons: []Taker{batch(6)}},
		},
		prods: []prodSpec{puts(2, 2, 2, 2, 2, 2), {queue: 1}, {queue: 2, sizes: []int64{3}}},
	},
}

// diamond is a gate whose units go by turns to a queue where they are collected, and to one whose worker waits as said.
func diamond(waits queueSpec) []queueSpec {
	waits.plain, waits.capacity, waits.cons = true, 1, []Taker{single()}
	return []queueSpec{
		{capacity: 1, fork: 1, next: 2, cons: []Taker{single()}},
		{plain: true, capacity: 1, cons: []Taker{batch(4)}},
		waits,
	}
}

// most bounds the search; a scenario that needs more states belongs to the full depth, or is too large.
const most = 400_000

// mostBrief ends the search where it is to be brief: the shortest schedules were seen by then.
const mostBrief = 4000

func TestNoScheduleIsStuck(t *testing.T) {
	for i := range scenarios {
		sc := &scenarios[i]
		t.Run(sc.name, func(t *testing.T) {
			if sc.deep && !full {
				t.Skip("SYNCMEM_MODEL=full runs it")
			}
			most := most
			if brief && !full {
				most = mostBrief
			}
			states, err := check(sc, wrong{}, most)
			if err != nil && !(brief && errors.Is(err, errTooMany)) {
				t.Fatal(err)
			}
			t.Logf("%d states", states)
		})
	}
}

// The check is worth something only if it finds the rules wrong that are. Each must be found stuck, or
// judging falsely, in the scenarios named, and each finding must be of that rule's kind.
func TestWrongRulesAreFound(t *testing.T) {
	for _, c := range []struct {
		rule  string
		rules wrong
		in    []string // the scenarios, by the start of their names
		found string
	}{
		{"no flush on pressure", wrong{noFlush: true}, []string{"A", "C", "D", "G"}, "stuck"},
		{"pressure of the own pipeline only", wrong{ownPressure: true}, []string{"D"}, "stuck"},
		{"flush once per edge", wrong{edgeFlush: true}, []string{"A", "D"}, "stuck"},
		{"no quiescence rule", wrong{noQuiescence: true}, []string{"E", "F", "W"}, "stuck"},
		{"no oversize rule", wrong{noOversize: true}, []string{"B"}, "stuck"},
		{"verdict on bytes", wrong{byBytes: true}, []string{"units of no bytes"}, "verdict"},
		{"verdict on bytes", wrong{byBytes: true}, []string{"E", "F"}, "stuck"},
		{"a verdict though somebody fits", wrong{inLine: true}, []string{"fits behind"}, "which the others may wait for"},
		{"the deepest queue, whoever sleeps", wrong{anyDeepest: true}, []string{"R"}, "stuck"},
		{"no end to waiting for others", wrong{noPush: true}, []string{"L", "N", "R"}, "stuck"},
		{"any put stops a unit", wrong{anyPut: true}, []string{"M several emitters of one"}, "verdict"},
		{"a loop that waits in a put moves", wrong{loopMoves: true}, []string{"P plain puts of a loop,", "P plain puts of a loop over"}, "stuck"},
		{"slots are no pressure", wrong{slotsWait: true}, []string{"S diamond", "S diamond, the end", "S diamond, nobody"}, "stuck"},
		{"what was granted is forgotten", wrong{forgetful: true}, []string{"X"}, "stuck"},
		{"idle batchers take shares", wrong{idleShares: true}, []string{"I an idle", "I three"}, "were handed on though"},
		{"who waits to grow moves", wrong{growersMove: true}, []string{"H several builders", "H builders, two", "H builders of several"}, "stuck"},
		{"one waiter an event", wrong{oneGrant: true}, []string{"one event"}, "left waiting"},
	} {
		for _, name := range c.in {
			t.Run(c.rule+"/"+name, func(t *testing.T) {
				err := found(t, name, c.rules)
				require.ErrorContains(t, err, c.found)
			})
		}
	}
}

// found checks the scenario of that name.
func found(t *testing.T, name string, rules wrong) error {
	for i := range scenarios {
		if strings.HasPrefix(scenarios[i].name, name) {
			_, err := check(&scenarios[i], rules, most)
			return err
		}
	}
	t.Fatalf("no scenario %q", name)
	return nil
}
