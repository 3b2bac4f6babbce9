package memacct

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// watching reports whether somebody will look in.
func watching(b *Budget) bool {
	b.enter()
	defer b.mu.Unlock()
	return b.stall.armed
}

// stalled waits for the first report of a stall. In a bubble time flies there.
func stalled(t *testing.T, b *Budget) string {
	t.Helper()
	for range 600 {
		for _, e := range eventsOf(b, EventStall) {
			if strings.HasPrefix(e.Text, "nothing moved") { // and not that a queue is filled which nobody takes from
				t.Log("\n" + e.Text)
				return e.Text
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatal("no report of a stall")
	return ""
}

// stageLoop runs body for each unit of a queue, as a stage of that name.
func stageLoop(ctx context.Context, a *Account, name string, g *Gate[*load], body func(context.Context, *load)) chan error {
	return later(func() error {
		return a.Stage(ctx, name, func(ctx context.Context) error {
			for l := range g.All(ctx) {
				body(ctx, l)
			}
			return nil
		})
	})
}

// hang stands for whatever a stage calls that never answers.
func hang(c chan struct{}) { <-c }

func TestAStageThatWaitsForAnotherGoroutineIsNamed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		never := make(chan struct{})
		done := stageLoop(t.Context(), a, "save", g, func(context.Context, *load) { hang(never) })
		fill(t, g, 40)
		synctest.Wait() // or the loop might take both at once
		fill(t, g, 20)
		ctx, cancel := context.WithCancel(t.Context())
		blocked := putLater(ctx, g, 70)
		text := stalled(t, b)
		require.Regexp(t, `^nothing moved for \d+s: deadlock: "save" \(from test/units\) has 1 unit \(40 B\) in hand for \d+s, at memacct.hang stall_test.go:\d+ \[chan receive\]`, text)
		require.Contains(t, text, "test/units  1/10")
		cancel()
		<-blocked
		g.Close()
		close(never)
		<-done
		empty(t, b)
	})
}

// A stage hangs in a read from the network: not in a bubble, where nothing outside is ever waited for.
func TestASlowStageIsNamedWithFileAndLine(t *testing.T) {
	b, a := open(t, 100, func(c *Config) { c.StallAfter = 400 * time.Millisecond })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	conn, err := net.Dial("tcp", listener.Addr().String())
	require.NoError(t, err)
	g := NewGate(a, "units", 10, weight)
	done := make(chan error, 1)
	go func() {
		done <- a.Stage(t.Context(), "download", func(ctx context.Context) error {
			for range g.All(ctx) {
				var buf [1]byte
				_, _ = conn.Read(buf[:])
			}
			return nil
		})
	}()
	fill(t, g, 40)
	text := stalled(t, b)
	require.Regexp(t, `slow stage: "download" \(from test/units\) has 1 unit \(40 B\) in hand, at memacct.TestASlowStageIsNamedWithFileAndLine\S* stall_test.go:\d+ \[IO wait\]`, text)
	require.NoError(t, conn.Close())
	g.Close()
	require.NoError(t, <-done)
	empty(t, b)
}

func TestDetachedLeasesAreToldWithTheirPlace(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 40, 20)
		next, stop := leases(t, g)
		lost := []*Lease[*load]{next(), nil}
		lost[0].Detach()
		lost[1] = next()
		lost[1].Detach()
		stop()
		ctx, cancel := context.WithCancel(t.Context())
		blocked := putLater(ctx, g, 70)
		require.Regexp(t, `: leak: 2 units in detached leases, of which no loop has any; test/units has 1 unit \(\d0 B\) detached for \d+s, at memacct.TestDetached\S+ stall_test.go:\d+`, stalled(t, b))
		cancel()
		<-blocked
		short, end := context.WithTimeout(t.Context(), time.Second)
		defer end()
		err := b.Close(short)
		require.ErrorContains(t, err, "test/units has 1 unit (40 B) detached for")
		require.ErrorContains(t, err, "stall_test.go:")
		for _, l := range lost {
			l.Release()
		}
		empty(t, b)
	})
}

// Reports of one stall come ever more rarely, the end of it is told, and a budget at rest is left alone.
func TestStallReportsAreFew(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		never := make(chan struct{})
		done := stageLoop(t.Context(), a, "save", g, func(context.Context, *load) { hang(never) })
		time.Sleep(time.Hour) // nothing inside
		require.Empty(t, eventsOf(b, EventStall))
		fill(t, g, 40)
		time.Sleep(29 * time.Second)
		require.Empty(t, eventsOf(b, EventStall))
		time.Sleep(9 * time.Second)
		require.Len(t, eventsOf(b, EventStall), 1)
		time.Sleep(10 * time.Minute)
		require.Len(t, eventsOf(b, EventStall), 4) // after 1, 3 and 7 minutes more
		time.Sleep(8 * time.Hour)
		require.Less(t, len(eventsOf(b, EventStall)), 20)
		close(never)
		time.Sleep(time.Minute)
		moves := eventsOf(b, EventMoves)
		require.Len(t, moves, 1)
		require.Contains(t, moves[0].Text, "units move again, after 8h")
		g.Close()
		<-done
		time.Sleep(time.Minute)
		require.False(t, watching(b))
		empty(t, b)
	})
}

func TestNoWatchWhereNobodyWantsOne(t *testing.T) {
	for _, change := range []func(*Config){func(c *Config) { c.StallAfter = -1 }, func(c *Config) { c.Mode = Off }} {
		bubble(t, func(t *testing.T) {
			b, a := open(t, 100, change)
			g := NewGate(a, "units", 1, weight)
			fill(t, g, 40)
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			require.Error(t, g.Put(ctx, &load{1}))
			require.Empty(t, eventsOf(b, EventStall))
			require.False(t, watching(b))
			require.NotEmpty(t, b.Report())
			g.Discard()
			empty(t, b)
		})
	}
}

// The watch gives up on a budget in which nothing moves for hours, so that a test in which everybody waits for
// ever ends, and takes it up again when somebody comes.
func TestTheWatchGivesUpAtLast(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 100)
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 80)
		ctx, cancel := context.WithCancel(t.Context())
		blocked := putLater(ctx, g, 40)
		time.Sleep(9 * time.Hour)
		require.False(t, watching(b))
		g.Discard()
		require.NoError(t, <-blocked)
		require.True(t, watching(b))
		cancel()
		g.Discard()
		empty(t, b)
	})
}

func TestReportOnDemand(t *testing.T) {
	bubble(t, func(t *testing.T) {
		b, a := open(t, 1000)
		a.Charge(5)()
		g := NewGate(a, "units", 10, weight)
		never := make(chan struct{})
		var done []chan error
		for i := range 3 {
			done = append(done, stageLoop(t.Context(), a, fmt.Sprint("worker", i), g, func(context.Context, *load) { hang(never) }))
		}
		fill(t, g, 40, 40)
		synctest.Wait()
		text := b.Report()
		t.Log("\n" + text)
		require.Contains(t, text, "waits for a unit")
		require.Contains(t, text, "memacct.hang stall_test.go")
		require.Contains(t, text, "largest   40 B of type *memacct.load, in hand of \"worker")
		for _, l := range strings.Split(text, "\n") {
			require.LessOrEqual(t, len(l), 120)
		}
		g.Close()
		close(never)
		for _, d := range done {
			<-d
		}
		empty(t, b)
	})
}

// A log gets the gist as its message and the rest beside it.
func TestStallIsLoggedWithItsReport(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var lines []string
		log := slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) { lines = append(lines, string(p)); return len(p), nil }), nil))
		b, a := open(t, 100, func(c *Config) { c.Logger = log })
		g := NewGate(a, "units", 10, weight)
		fill(t, g, 80)
		ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
		defer cancel()
		require.Error(t, g.Put(ctx, &load{40}))
		synctest.Wait()
		last := lines[len(lines)-1]
		require.Contains(t, last, `level=WARN msg="memacct: nothing moved for`)
		require.Contains(t, last, ` limit_bytes=100 used_bytes=80 units=1 waiting_bytes=40 waiting_puts=1 queues.test/units.queued_units=1 queues.test/units.queued_bytes=80`)
		require.Contains(t, last, ` cause=`)
		require.NotContains(t, last, `\n`, "a table in a value is unreadable")
		g.Discard()
		empty(t, b)
	})
}
