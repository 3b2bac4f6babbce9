package debugpage

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ask asks a handler and wants a status.
func ask(t *testing.T, h http.Handler, status int, method, target, accept string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, status, w.Code, w.Body.String())
	return w
}

// What browsers, curl and common libraries send.
const (
	fromBrowser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
	fromCurl    = "*/*"
	fromScript  = "application/json, text/plain, */*"
)

func TestFormats(t *testing.T) {
	h := Handler(stillBudget(t))
	for _, c := range []struct{ query, accept, media, has string }{
		{"", fromBrowser, "text/html; charset=utf-8", "<!doctype html>"},
		{"", fromCurl, "text/plain; charset=utf-8", "accounted 3.5 MiB in 3 units"},
		{"", "", "text/plain; charset=utf-8", "accounted 3.5 MiB in 3 units"},
		{"", fromScript, "application/json", `"used_bytes": 3670016`},
		{"", "Application/JSON;q=0.9", "application/json", `"used_bytes": 3670016`},
		{"?format=text", fromBrowser, "text/plain; charset=utf-8", "accounted 3.5 MiB in 3 units"},
		{"?format=json", fromBrowser, "application/json", `"used_bytes": 3670016`},
		{"?format=html", fromCurl, "text/html; charset=utf-8", "<!doctype html>"},
		{"?format=report", fromCurl, "text/plain; charset=utf-8", "packages"},
		{"?file=page.js", fromCurl, "text/javascript; charset=utf-8", `"use strict"`},
		{"?file=page.css", fromCurl, "text/css; charset=utf-8", ":root"},
		{"?file=icon.svg", fromCurl, "image/svg+xml", "<svg"},
		{"?file=uplot.LICENSE", fromCurl, "text/plain; charset=utf-8", "Leon Sorokin"},
	} {
		for _, path := range []string{"/debug/memacct", "/debug/memacct/", "/"} {
			w := ask(t, h, http.StatusOK, http.MethodGet, path+c.query, c.accept)
			require.Equal(t, c.media, w.Header().Get("Content-Type"), c)
			require.Contains(t, w.Body.String(), c.has)
			require.Contains(t, w.Header().Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'")
			require.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"))
		}
	}
	require.Contains(t, ask(t, h, http.StatusBadRequest, http.MethodGet, "/?format=xml", "").Body.String(), `format="xml": use html, text, json or report`)
	for _, name := range []string{"none.js", "../handler.go", "static/page.js", "."} {
		ask(t, h, http.StatusNotFound, http.MethodGet, "/?file="+name, "")
	}
}

func TestNothingCanBeChanged(t *testing.T) {
	h := Handler(stillBudget(t))
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions, "BREW"} {
		for _, target := range []string{"/", "/?format=json", "/?file=page.js"} {
			w := ask(t, h, http.StatusMethodNotAllowed, method, target, "")
			require.Equal(t, "GET, HEAD", w.Header().Get("Allow"))
		}
	}
	require.Panics(t, func() { Handler(nil) })
}

// Through a real server, a HEAD has the headers and no body, and a browser need not get what it has again.
func TestHeadAndCache(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle("/debug/memacct", Handler(stillBudget(t)))
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, query := range []string{"", "?format=json", "?format=html", "?file=uplot.js"} {
		r, err := http.Head(server.URL + "/debug/memacct" + query)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, r.StatusCode)
		require.NotEmpty(t, r.Header.Get("Cache-Control"))
		r.Body.Close()
	}
	first, err := http.Get(server.URL + "/debug/memacct?file=uplot.js")
	require.NoError(t, err)
	first.Body.Close()
	again, err := http.NewRequest(http.MethodGet, first.Request.URL.String(), nil)
	require.NoError(t, err)
	again.Header.Set("If-None-Match", first.Header.Get("Etag"))
	r, err := http.DefaultClient.Do(again)
	require.NoError(t, err)
	r.Body.Close()
	require.Equal(t, http.StatusNotModified, r.StatusCode)
}

// The page works without a network, and nothing in it is outside its files: no URL of another host but names of
// specifications and the library's own home in a comment, no script or style within markup.
func TestThePageNeedsNobodyElse(t *testing.T) {
	url := regexp.MustCompile(`(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s"'<>)]*`)
	fine := []string{"http://www.w3.org/2000/svg", "https://github.com/leeoniya/uPlot"}
	require.NoError(t, fs.WalkDir(static, "static", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := static.ReadFile(path)
		for _, u := range url.FindAllString(string(text), -1) {
			require.Contains(t, fine, u, path)
		}
		return err
	}))
	page, err := static.ReadFile("static/page.html")
	require.NoError(t, err)
	require.NotRegexp(t, `(?i)<script[^>]*>[^<]|<style|\son[a-z]+=|style=|javascript:`, string(page))
	files := Handler(stillBudget(t)).(*handler).files
	for _, m := range regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(page), -1) {
		require.Regexp(t, `^\?(file|format)=`, m[1], "a query alone means the same wherever the page is mounted")
		if name, ok := strings.CutPrefix(m[1], "?file="); ok {
			require.Contains(t, files, name)
		}
	}
}

// keys are the keys of a JSON value, with those of the first element of each list.
func keys(prefix string, v any) (all []string) {
	switch v := v.(type) {
	case map[string]any:
		for k, inner := range v {
			all = append(all, prefix+k)
			all = append(all, keys(prefix+k+".", inner)...)
		}
	case []any:
		if len(v) > 0 {
			all = keys(prefix, v[0])
		}
	}
	return all
}

// Scripts rely on these: one may be added, none may go.
func TestKeysStay(t *testing.T) {
	w := ask(t, Handler(stillBudget(t)), http.StatusOK, http.MethodGet, "/?format=json", "")
	var got map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	all := keys("", got)
	slices.Sort(all)
	text := strings.Join(all, "\n") + "\n"
	if *update {
		require.NoError(t, os.WriteFile("testdata/keys.golden", []byte(text), 0o644))
	}
	want, err := os.ReadFile("testdata/keys.golden")
	require.NoError(t, err)
	require.Equal(t, string(want), text, "run the test with -update if a key was added")
	require.Equal(t, Schema, got["schema"])
}

// An empty budget has empty lists: a script need not tell them from null.
func TestListsAreNeverNull(t *testing.T) {
	b, err := memacct.New(memacct.Config{Mode: memacct.Off})
	require.NoError(t, err)
	w := ask(t, Handler(b), http.StatusOK, http.MethodGet, "/?format=json", "")
	require.NotContains(t, w.Body.String(), "null")
	require.Contains(t, w.Body.String(), "The mode is off")
}

// Every figure of the statistics is in the snapshot: copied one by one, one is easily forgotten or taken twice.
func TestSnapshotHasEveryFigure(t *testing.T) {
	q, n := memacct.QueueStats{}, 100
	v := reflect.ValueOf(&q).Elem()
	for _, f := range v.Fields() {
		switch {
		case f.CanInt():
			n++
			f.SetInt(int64(n) * 1e9) // seconds, where it is a duration
		case f.CanFloat():
			n++
			f.SetFloat(float64(n))
		}
	}
	got := reflect.ValueOf(queueOf(q))
	seen := map[float64]bool{}
	for _, f := range got.Fields() {
		switch {
		case f.CanInt():
			seen[float64(f.Int())] = true
		case f.CanFloat():
			seen[f.Float()*1e9] = true
		}
	}
	require.Len(t, seen, n-100)
}

func TestTextIsSafeOnATerminal(t *testing.T) {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(1000), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	memacct.NewGate(b.Account("a\x1b[2Jb\nc\u202ed\te"), "bad \xff", 1, func(n int64) int64 { return n })
	text := ask(t, Handler(b), http.StatusOK, http.MethodGet, "/?format=text", "").Body.String()
	require.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x{202e}]`, text)
	require.Contains(t, text, "a [2Jb c d e/bad")
}

func TestText(t *testing.T) {
	s := snapshotOf(stillBudget(t))
	text := s.text()
	for _, want := range []string{
		`(?m)^memacct: \S+, process \d+, 2\d{3}-\S+Z, mode enforce$`,
		`(?m)^limit     8\.0 MiB of content \(given\); the process is not limited$`,
		`(?m)^accounted 3\.5 MiB in 3 units, peak 3\.5 MiB, debt 0 B$`,
		`(?m)^ACCOUNT  USED     PEAK     WAITING  BY NAME    FLOOR    UNITS$`,
		`(?m)^rpm      3\.5 MiB  3\.5 MiB  0 B      512\.0 KiB  1\.0 MiB  3$`,
		`(?m)^rpm/packages  gate  1 of 1000  1\.0 MiB  2        2\.0 MiB  0       0        0      0\.0s    3      -       1 of 2\.0: size 1$`,
		`(?m)^\d\d:\d\d:\d\d  opened         content limit of 8\.0 MiB`,
	} {
		require.Regexp(t, want, text)
	}
	require.NotRegexp(t, `(?m) $`, text, "no spaces at line ends")
}

func TestWarnings(t *testing.T) {
	const MiB = 1 << 20
	for want, s := range map[string]memacct.Stats{
		"":                     {Process: 100 * MiB, Memory: memacct.MemoryStats{RSS: 90 * MiB, GCCPU: .2, SizeFactor: 1.1, Pinned: 10 * MiB}},
		"Shadow mode: .* 7 ":   {Mode: memacct.Shadow, WouldWait: 7, Debt: 5},
		"mode is off":          {Mode: memacct.Off},
		"1.0 MiB are in .*":    {Debt: MiB},
		"above the process":    {Process: MiB, Memory: memacct.MemoryStats{RSS: 2 * MiB}},
		"as much as it may":    {Memory: memacct.MemoryStats{GCLimited: true, GCCPU: .6}},
		"takes 40% of the":     {Memory: memacct.MemoryStats{GCCPU: .4}},
		"under-report: .*1.30": {Memory: memacct.MemoryStats{SizeFactor: 1.3}},
		"over-report: .*0.50":  {Memory: memacct.MemoryStats{SizeFactor: .5}},
		"About 60.0 MiB live":  {Process: 100 * MiB, Memory: memacct.MemoryStats{Pinned: 60 * MiB}},
		"2 leases were ended":  {Misuse: 2},
		"moved for 1m15s, with 3 units in flight and 2 puts": {Still: 75 * time.Second, Units: 3, Waiters: 2},
		`a/q weigh up to 3\.0 `:                              {Queues: []memacct.QueueStats{{Account: "a", Name: "q", Growth: 3}, {Growth: 1.1}, {Account: "b", Growth: 3}}, Accounts: []memacct.AccountStats{{Name: "a"}, {Name: "b", Growth: 2}}},
	} {
		got := warnings(s)
		if want == "" {
			require.Empty(t, got)
			continue
		}
		require.Len(t, got, 1, want)
		require.Regexp(t, want, got[0])
	}
}

// BenchmarkAnswer is what a question a second costs, by format and queues.
func BenchmarkAnswer(b *testing.B) {
	for _, queues := range []int{3, 100} {
		budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1 << 20), Logger: slog.New(slog.DiscardHandler)})
		require.NoError(b, err)
		a := budget.Account("rpm")
		for i := range queues {
			memacct.NewQueue(a, fmt.Sprint("queue-", i), 10, func(n int64) int64 { return n })
		}
		h := Handler(budget)
		for _, format := range []string{"json", "text"} {
			b.Run(fmt.Sprintf("%s/%d-queues", format, queues), func(b *testing.B) {
				r := httptest.NewRequest(http.MethodGet, "/?format="+format, nil)
				for b.Loop() {
					h.ServeHTTP(httptest.NewRecorder(), r)
				}
			})
		}
	}
}

// As the README mounts it, and as people do, no way to write the path is a 404.
func TestMountedPagesAreFound(t *testing.T) {
	b := stillBudget(t)
	for name, mount := range map[string]func(*http.ServeMux){
		"as the README says":    func(mux *http.ServeMux) { Mount(mux, "/debug/memacct", b) },
		"with a trailing slash": func(mux *http.ServeMux) { Mount(mux, "/debug/memacct/", b) },
		"by hand, with a slash": func(mux *http.ServeMux) { mux.Handle("/debug/memacct/", Handler(b)) },
		"behind a prefix": func(mux *http.ServeMux) {
			inner := http.NewServeMux()
			Mount(inner, "/memacct", b)
			mux.Handle("/debug/", http.StripPrefix("/debug", inner))
		},
		"a method": func(mux *http.ServeMux) { Mount(mux, "GET /debug/memacct", b) },
	} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			mount(mux)
			server := httptest.NewServer(mux)
			defer server.Close()
			for _, path := range []string{"/debug/memacct", "/debug/memacct/", "/debug/memacct?format=json", "/debug/memacct/?format=json", "/debug/memacct/?file=page.js"} {
				answer, err := http.Get(server.URL + path)
				require.NoError(t, err)
				require.NoError(t, answer.Body.Close())
				require.Equal(t, http.StatusOK, answer.StatusCode, path)
			}
		})
	}
	all := http.NewServeMux()
	Mount(all, "/", b)
	require.Equal(t, http.StatusOK, ask(t, all, http.StatusOK, http.MethodGet, "/", fromCurl).Code)
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
