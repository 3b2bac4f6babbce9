package memprom

import (
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/internal/figures"
)

var update = flag.Bool("update", false, "write the golden files anew")

func one(n int64) int64 { return n }

// open opens a budget of so many bytes.
func open(t testing.TB, limit int64, policy memacct.Policy) *memacct.Budget {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(limit), Policy: policy, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	return b
}

// scrape is the whole text of a scrape by a registry that checks what it gathers.
func scrape(t *testing.T, collectors ...prometheus.Collector) string {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	for _, c := range collectors {
		require.NoError(t, r.Register(c))
	}
	families, err := r.Gather()
	require.NoError(t, err)
	var text strings.Builder
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&text, f)
		require.NoError(t, err)
	}
	return text.String()
}

// What the machine and not the test decides; resident memory is not there everywhere.
var (
	ofTheProcess = regexp.MustCompile(`(?m)^(memacct_(?:(?:live|baseline|pinned|go|outside)_bytes|gc_cycles_total)) .*$`)
	resident     = regexp.MustCompile(`(?m)^.*memacct_rss_anon_bytes .*\n`)
)

func TestEveryMetricIsAsDocumented(t *testing.T) {
	b := open(t, 1000, memacct.Overrun(10_000))
	c := New(b)
	a := b.Account("rpm", memacct.WithFloor(100))
	defer a.Charge(30)()
	gate := memacct.NewGate(a, "packages", 10, one)
	save := memacct.NewQueue(a, "save", 20, one)
	for _, n := range []int64{100, 200, 300} {
		require.NoError(t, gate.Put(t.Context(), n))
	}
	for batch := range gate.Batches(t.Context(), memacct.Batch{Size: 2}) {
		require.NoError(t, save.Put(t.Context(), batch[0]))
		break
	}
	gate.Discard()
	save.Discard()
	require.NoError(t, gate.Put(t.Context(), 5000)) // an event

	got := ofTheProcess.ReplaceAllString(resident.ReplaceAllString(scrape(t, c), ""), "$1 ?")
	if *update {
		require.NoError(t, os.WriteFile("testdata/scrape.golden", []byte(got), 0o644))
	}
	want, err := os.ReadFile("testdata/scrape.golden")
	require.NoError(t, err)
	require.Equal(t, string(want), got, "run the test with -update if that is meant")
	gate.Discard()
}

// numbered returns a struct whose figures are all different, and above 0.
func numbered[T any](from int) (v T, figures map[float64]string) {
	figures = map[float64]string{}
	var number func(s reflect.Value)
	number = func(s reflect.Value) {
		for f, field := range s.Fields() {
			from++
			figures[float64(from)] = f.Name
			switch {
			case field.CanInt():
				field.SetInt(int64(from))
			case field.CanFloat():
				field.SetFloat(float64(from))
			default:
				delete(figures, float64(from))
				if f.Name == "Memory" {
					number(field)
				}
			}
		}
	}
	number(reflect.ValueOf(&v).Elem())
	return v, figures
}

// left is which figures of a T a table has no metric for.
func left[T any](t *testing.T, table []figures.Figure[T]) []string {
	v, named := numbered[T](100)
	for _, f := range table {
		if got := f.Of(v); got > 1 { // else it is a yes or no, or seconds
			require.Contains(t, named, got, "%s reads what another metric has", f.Key)
			delete(named, got)
		}
	}
	return slices.Sorted(maps.Values(named))
}

// A figure that is added to the statistics must not be forgotten here.
func TestEveryFigureHasAMetricOfItsOwn(t *testing.T) {
	require.Equal(t, []string{"Growth", "Still"}, left(t, figures.Budget), "accounts have the one, and the other is in seconds")
	require.Equal(t, []string{"Weight"}, left(t, figures.Account), "a setting")
	require.Equal(t, []string{"Waited"}, left(t, figures.Queue), "which is in seconds")
	v, named := numbered[memacct.BatchStats](0)
	for _, c := range causes {
		require.Equal(t, strings.ToLower(named[float64(c.of(v))]), c.name)
	}
	require.Len(t, named, len(causes)+1)
	a, b := memacct.QueueStats{Waited: time.Second}, memacct.QueueStats{Waited: time.Minute}
	require.Equal(t, 61*time.Second, addQueue(a, b).Waited)
}

func TestNamesFollowTheConventions(t *testing.T) {
	b := open(t, 1000, memacct.Fail())
	memacct.NewGate(b.Account("rpm", memacct.WithGrowth(2)), "packages", 10, one)
	problems, err := testutil.CollectAndLint(New(b))
	require.NoError(t, err)
	require.Empty(t, problems)
}

// Two accounts of one name, two queues of one name, names that are no text at all: a scrape must not fail.
func TestNamesNeverBreakAScrape(t *testing.T) {
	b := open(t, 1000, memacct.Fail())
	for _, name := range []string{"same", "same", "", "bad \xff", "bad \xfe", "quote\"\nline{}", "<b>"} {
		a := b.Account(name)
		for range 2 {
			g := memacct.NewGate(a, name, 10, one)
			require.NoError(t, g.Put(t.Context(), 5))
			defer g.Discard()
		}
		q := memacct.NewQueue(a, name, 10, one) // of the gate's name
		defer q.Discard()
	}
	text := scrape(t, New(b))
	require.Contains(t, text, `memacct_account_used_bytes{account="same"} 20`)
	require.Contains(t, text, `memacct_queue_queued_units{account="same",kind="gate",queue="same"} 4`)
	require.Contains(t, text, `memacct_queue_queued_units{account="same",kind="queue",queue="same"} 0`)
	require.Contains(t, text, "memacct_account_used_bytes{account=\"bad \uFFFD\"} 20")
	require.Contains(t, text, `memacct_account_used_bytes{account="quote\"\nline{}"} 10`)
}

func TestAccountsComeAndGo(t *testing.T) {
	b := open(t, 1000, memacct.Fail())
	c := New(b)
	require.NotContains(t, scrape(t, c), `account="brief"`)
	a := b.Account("brief")
	memacct.NewGate(a, "units", 1, one)
	require.Contains(t, scrape(t, c), `memacct_queue_slots{account="brief",kind="gate",queue="units"} 1`)
	a.Close()
	require.NotContains(t, scrape(t, c), `account="brief"`)
}

func TestBudgetsShareARegistry(t *testing.T) {
	label := func(name string) Option { return WithLabels(prometheus.Labels{"budget": name}) }
	text := scrape(t, New(open(t, 1000, memacct.Fail()), label("a")), New(open(t, 2000, memacct.Fail()), label("b")))
	require.Contains(t, text, "memacct_limit_bytes{budget=\"a\"} 1000\nmemacct_limit_bytes{budget=\"b\"} 2000\n")
	require.Contains(t, text, `memacct_events_total{budget="b",event="refused"} 0`)

	r := prometheus.NewRegistry()
	b := open(t, 1, memacct.Fail())
	require.NoError(t, r.Register(New(b)))
	require.ErrorAs(t, r.Register(New(b)), new(prometheus.AlreadyRegisteredError))
}

func TestABudgetThatIsOffHasMetricsToo(t *testing.T) {
	b, err := memacct.New(memacct.Config{Mode: memacct.Off})
	require.NoError(t, err)
	require.Contains(t, scrape(t, New(b)), "memacct_limit_bytes 0\n")
	require.PanicsWithValue(t, "memprom: New(nil): open the budget first, with memacct.New", func() { New(nil) })
}

// BenchmarkScrape is what a scrape costs the process, without the text: by accounts, each with three queues.
func BenchmarkScrape(b *testing.B) {
	for _, accounts := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(accounts, "-accounts"), func(b *testing.B) {
			budget := open(b, 1<<20, memacct.Fail())
			for i := range accounts {
				a := budget.Account(fmt.Sprint("account-", i))
				memacct.NewGate(a, "units", 10, one)
				memacct.NewQueue(a, "query", 10, one)
				memacct.NewQueue(a, "save", 10, one)
			}
			r := prometheus.NewRegistry()
			r.MustRegister(New(budget))
			for b.Loop() {
				if _, err := r.Gather(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("stats-alone", func(b *testing.B) {
		budget := open(b, 1<<20, memacct.Fail())
		for b.Loop() {
			budget.Stats()
		}
	})
}

// Holds of one name are one metric, also where a label can't tell two names apart.
func TestHoldsAreSummedByName(t *testing.T) {
	b := open(t, 1000, memacct.Fail())
	for name, n := range map[string]int64{"results": 5, "index\xfe": 7, "index\xff": 11} {
		h := b.Account("a").Hold(name)
		h.Add(n)
		defer h.Release()
	}
	text := scrape(t, New(b))
	require.Contains(t, text, "memacct_hold_bytes{account=\"a\",hold=\"results\"} 5\n")
	require.Contains(t, text, "memacct_hold_bytes{account=\"a\",hold=\"index\uFFFD\"} 18\n")
}
