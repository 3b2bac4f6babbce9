package pagetest

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/debugpage"
)

// evil is a name that is a script, should anything take it for markup.
const evil = `<script>document.title="owned"</script><img src=x onerror=alert(1)>`

// startSync runs a small sync until the test is over: a first stage, a gate, and two stages that take batches.
func startSync(t *testing.T) *memacct.Budget {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(4 << 20), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	a := b.Account("mirror")
	gate := memacct.NewGate(a, "packages", 200, cap0)
	save := memacct.NewQueue(a, "save", 200, cap0)
	t.Cleanup(b.Account("cache", memacct.WithFloor(1<<20)).Charge(300 << 10))
	memacct.NewGate(b.Account(evil), evil, 1, cap0)
	require.NoError(t, b.SetLimit(memacct.Content(5<<20))) // an event
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	all.Go(func() {
		heavyTail := rand.New(rand.NewPCG(1, 2))
		for gate.Put(ctx, make([]byte, 2000+int(heavyTail.ExpFloat64()*heavyTail.ExpFloat64()*20_000))) == nil {
		}
	})
	all.Go(func() { // query
		for batch := range gate.Batches(ctx, memacct.Batch{Size: 50}) {
			time.Sleep(time.Duration(2+rand.IntN(20)) * time.Millisecond)
			for _, v := range batch {
				_ = save.Put(ctx, v)
			}
		}
	})
	all.Go(func() {
		for batch := range save.Batches(ctx, memacct.Batch{Size: 100, Linger: 50 * time.Millisecond}) {
			time.Sleep(time.Duration(len(batch)/3+rand.IntN(15)) * time.Millisecond)
		}
	})
	t.Cleanup(func() {
		stop()
		all.Wait()
		gate.Discard()
		save.Discard()
	})
	return b
}

func cap0(v []byte) int64 { return int64(cap(v)) }

// drawn tells of each chart how many of its pixels have about the colour of one of its series, opaque or not.
const drawn = `charts.map((c) => {
	const pixels = (canvas, w, h) => canvas.getContext("2d").getImageData(0, 0, w, h).data;
	const hues = c.shown.flatMap((s) => [colour(s.hue), pale(s.hue)]).map((hue) => {
		const canvas = document.createElement("canvas"), d = canvas.getContext("2d");
		d.fillStyle = hue;
		d.fillRect(0, 0, 1, 1);
		return pixels(canvas, 1, 1);
	});
	const canvas = c.box.querySelector("canvas"), px = pixels(canvas, canvas.width, canvas.height);
	let n = 0;
	for (let i = 0; i < px.length; i += 4)
		if (px[i + 3] > 40 && hues.some((h) => [0, 1, 2].every((k) => Math.abs(h[k] - px[i + k]) < 12))) n++;
	return n;
})`

// cells is the text of a table, a row at a time.
const cells = `(id) => [...document.getElementById(id).rows].map((r) => [...r.cells].map((c) => c.textContent))`

// history tells how many points are kept, and what else is special, after answers at certain seconds.
const history = `(async () => {
	const answer = await (await fetch("?format=json")).json(), is = {};
	const at = (second, more) => remember({ ...answer, at: new Date(1e12 + 1000 * second).toISOString(), ...more });
	points = [];
	[0, 1, 2, 3].forEach((s) => at(s));
	is.steady = points.length;
	at(60);
	charts[0].shown = charts[0].spec.series();
	is.gap = dataOf(charts[0])[1].filter((v) => v === null).length;
	at(650);
	is.window = points.length;
	at(651, { queues: [] });
	is.fell = rates((p) => p.batches[0]).filter((r) => r < 0).length;
	at(652, { pid: 1 });
	is.restart = points.length;
	at(640, { pid: 1 });
	is.back = points.length;
	at(640, { pid: 1 });
	is.same = points.length;
	return is;
})()`

// wideQueue shows a queue of a sync with hundreds of thousands of units.
const wideQueue = `(() => {
	const batches = { ...Object.fromEntries(causes.map((c) => [c, 0])), units: 372620, size: 629, pressure: 397 };
	fill("queues", queueColumns, [{
		account: "sync", name: "query", gate: false, queued_units: 501, slots: 1000, queued_bytes: 16.9 * 2 ** 20, in_hand_units: 500,
		in_hand_bytes: 17.9 * 2 ** 20, parked_units: 0, waiting_puts: 0, waits_total: 1202, waited_seconds_total: 152.4, units_total: 372620,
		growth_ratio: 1.05, batches, type: "contentmodel.Unit",
	}], "");
	const box = document.getElementById("queues").parentElement;
	return box.scrollWidth - box.clientWidth;
})()`

func TestInABrowser(t *testing.T) {
	b := openBrowser(t)
	busy := httptest.NewServer(http.StripPrefix("/behind/a/proxy", debugpage.Handler(startSync(t))))
	defer busy.Close()

	t.Run("a sync at work", func(t *testing.T) {
		b.do(t, chromedp.Navigate(busy.URL+"/behind/a/proxy/debug/memacct"))
		b.await(t, `points.length >= 3`)
		b.await(t, drawn+`.every((pixels) => pixels > 50)`)
		var light, dark float64
		for _, width := range []int64{1280, 390} {
			light = brightness(b.look(t, fmt.Sprint("light-", width), width, "light"))
			dark = brightness(b.look(t, fmt.Sprint("dark-", width), width, "dark"))
			require.Greater(t, light, 0.75)
			require.Less(t, dark, 0.3)
		}
		b.do(t, chromedp.Click("#theme"))
		require.Equal(t, "light", eval[string](t, b, `document.documentElement.dataset.theme`), "the reader's choice wins over the system's")
		require.Regexp(t, `^Memory at .*: resident .* MiB, live heap .*, content limit 5.0 MiB, accounted .*`, eval[string](t, b, `charts[0].box.getAttribute("aria-label")`))
	})
	t.Run("names are text", func(t *testing.T) {
		require.Equal(t, evil, eval[string](t, b, `document.getElementById("accounts").tBodies[0].rows[2].cells[0].textContent`))
		require.Equal(t, evil+"/"+evil, eval[string](t, b, `document.getElementById("queues").tBodies[0].rows[2].cells[0].title`))
		require.Contains(t, eval[string](t, b, `document.getElementById("queues").tBodies[0].rows[2].cells[0].textContent`), "…r=alert(1)>/"+evil)
		require.Contains(t, eval[string](t, b, `charts[1].legend.textContent`), evil)
		require.Zero(t, eval[int](t, b, `document.querySelectorAll("main script, main img").length`))
		require.NotEqual(t, "owned", eval[string](t, b, `document.title`))
	})
	t.Run("a reload keeps the lines", func(t *testing.T) {
		before := eval[float64](t, b, `points[0].t`)
		b.do(t, chromedp.Reload())
		b.await(t, `lastTime !== ""`)
		require.Equal(t, before, eval[float64](t, b, `points[0].t`))
	})
	t.Run("nobody looks, nobody asks", func(t *testing.T) {
		b.do(t, chromedp.Click("#pause"))
		require.Regexp(t, `^paused at \d`, eval[string](t, b, `statetext.textContent`))
		time.Sleep(100 * time.Millisecond) // an answer may be on its way
		before := eval[int](t, b, `points.length`)
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, before, eval[int](t, b, `points.length`))
		b.do(t, chromedp.Click("#pause"))
		b.await(t, fmt.Sprintf(`points.length > %d`, before))

		eval[bool](t, b, `Object.defineProperty(document, "hidden", { value: true, configurable: true })`+` !== null`)
		time.Sleep(100 * time.Millisecond)
		before = eval[int](t, b, `points.length`)
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, before, eval[int](t, b, `points.length`))
		eval[bool](t, b, `delete document.hidden && document.dispatchEvent(new Event("visibilitychange"))`)
		b.await(t, fmt.Sprintf(`points.length > %d`, before))
	})
	t.Run("the figures are right", func(t *testing.T) {
		still := httptest.NewServer(debugpage.Handler(stillBudget(t)))
		defer still.Close()
		b.do(t, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(still.URL+"/?format=html"))
		b.await(t, `points.length >= 1`)
		require.Equal(t, [][]string{
			{"Account", "Used", "Peak", "Waiting", "Charged by name", "Floor", "Weight", "Growth", "Units"},
			{"rpm", "3.5 MiB", "3.5 MiB", "0 B", "512.0 KiB", "1.0 MiB", "1", "–", "3"},
		}, eval[[][]string](t, b, `(`+cells+`)("accounts")`))
		require.Equal(t, []string{
			"rpm/packages", "gate", "1 of 1,000", "1.0 MiB", "2", "2.0 MiB", "0", "0", "0", "0.0 s", "3", "–", "1", "2", "size\u00a0100%", "int64",
		}, eval[[][]string](t, b, `(`+cells+`)("queues")`)[1])
		require.LessOrEqual(t, eval[float64](t, b, wideQueue), 0.0, "pixels by which the table of a large sync is too wide")
		events := eval[[][]string](t, b, `(`+cells+`)("events")`)
		require.Equal(t, []string{"opened", "–", "8.0 MiB"}, events[len(events)-1][1:4])
		require.Contains(t, eval[string](t, b, `tiles.innerText ?? document.getElementById("tiles").innerText`), "3.5 MiB\nof 8.0 MiB for content, peak 3.5 MiB")

		eval[bool](t, b, `paused = true`)
		kept, err := chromedp.Run(b.ctx, chromedp.Evaluate[map[string]int](history, chromedp.EvalAwaitPromise))
		require.NoError(t, err)
		require.Equal(t, map[string]int{"steady": 4, "gap": 1, "window": 2, "fell": 0, "restart": 1, "back": 1, "same": 1}, kept)
	})
	t.Run("a report folds out of its first line", func(t *testing.T) {
		budget, err := memacct.New(memacct.Config{Limit: memacct.Content(100), Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		name := strings.Repeat("long", 20)
		g := memacct.NewGate(budget.Account(name), "packages", 10, func(n int64) int64 { return n })
		require.Error(t, g.Put(t.Context(), 1000))
		full := httptest.NewServer(debugpage.Handler(budget))
		defer full.Close()
		b.do(t, chromedp.Navigate(full.URL+"/?format=html"))
		b.await(t, `points.length >= 1 && document.querySelector("#events details") != null`)
		require.Contains(t, eval[string](t, b, `document.querySelector("#events summary").textContent`), "does not fit (too large)")
		require.Contains(t, eval[string](t, b, `document.querySelector("#events pre").textContent`), "budget    100 B, 0 B in use")
		require.Equal(t, "longlonglong…onglonglong/packages", eval[string](t, b, `document.querySelector("#queues tbody th").textContent`))
		require.Equal(t, name+"/packages", eval[string](t, b, `document.querySelector("#queues tbody th").title`))
	})
	t.Run("more stages than colours", func(t *testing.T) {
		many := httptest.NewServer(debugpage.Handler(manyStages(t, 12)))
		defer many.Close()
		b.do(t, chromedp.Navigate(many.URL))
		b.await(t, `points.length >= 1`)
		legend := `[...charts[1].legend.children].map((li) => li.textContent)`
		require.Equal(t, []string{"a/q1212.0 KiB", "a/q1111.0 KiB", "a/q1010.0 KiB", "a/q99.0 KiB", "a/q88.0 KiB", "a/q77.0 KiB", "others21.0 KiB"}, eval[[]string](t, b, legend))
	})
	complaints, requests := b.noted()
	require.Empty(t, complaints)
	require.Greater(t, len(requests), 20)
	for _, r := range requests {
		u, err := url.Parse(r)
		require.NoError(t, err)
		require.Regexp(t, `^127\.0\.0\.1:`, u.Host, "the page asks nobody but its server")
		require.NotContains(t, r, "favicon", "the page brings its own icon")
	}

	t.Run("the server is gone", func(t *testing.T) {
		b.do(t, chromedp.Navigate(busy.URL+"/behind/a/proxy/"))
		b.await(t, `points.length >= 1`)
		require.True(t, eval[bool](t, b, `gone.hidden`))
		busy.CloseClientConnections()
		busy.Close()
		b.await(t, `!gone.hidden && /^No answer since [3-9] s; the figures below are of \d/.test(gonesince.textContent)`)
		require.Equal(t, "no answer", eval[string](t, b, `statetext.textContent`))
		b.look(t, "gone", 1280, "light")
	})
}

// manyStages has so many queues, with one more KiB in each.
func manyStages(t *testing.T, n int) *memacct.Budget {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(8 << 20), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	a := b.Account("a")
	for i := range n {
		q := memacct.NewQueue(a, fmt.Sprint("q", i+1), 10, func(n int64) int64 { return n })
		require.NoError(t, q.Put(t.Context(), int64(i+1)<<10))
		t.Cleanup(func() { q.Discard() })
	}
	return b
}

// stillBudget has three units of 1 MiB, two of them in hand, and a charge of 512 KiB.
func stillBudget(t *testing.T) *memacct.Budget {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(8 << 20), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	a := b.Account("rpm", memacct.WithFloor(1<<20))
	t.Cleanup(a.Charge(512 << 10))
	g := memacct.NewGate(a, "packages", 1000, func(n int64) int64 { return n })
	for range 3 {
		require.NoError(t, g.Put(t.Context(), 1<<20))
	}
	next, stop := iter.Pull(g.Batches(context.Background(), memacct.Batch{Size: 2}))
	next()
	t.Cleanup(func() { stop(); g.Discard() })
	return b
}
