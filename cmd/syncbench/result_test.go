package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
)

var update = flag.Bool("update", false, "write testdata/keys.golden anew")

func ptr(n int64) *int64 { return &n }

// lowered is a run under 64 MiB, and then 60.
func lowered(closest *moment) result {
	return result{PeakRSSAnon: ptr(80 << 20), Closest: closest, Limits: []limitChange{{0, 64 << 20, "--limit"}, {2, 60 << 20, "cgroup"}}}
}

// The verdict, its words and the exit code go together, whatever the error and the memory were.
func TestVerdict(t *testing.T) {
	const limit = 64 * bytesize.MiB
	bad := errors.New("bad")
	for _, c := range []struct {
		name    string
		r       result
		verdict string
		code    int
		words   string
	}{
		{"well under", result{PeakRSSAnon: ptr(limit - bytesize.MiB)}, verdictHeld, 0, "HELD: 1.0 MiB under the limit"},
		{"on the spot", result{PeakRSSAnon: ptr(limit)}, verdictHeld, 0, "HELD: 0 B under the limit"},
		{"one byte over", result{PeakRSSAnon: ptr(limit + 1)}, verdictBroken, 3, "BROKEN: 1 B over the limit"},
		{"the kernel killed", result{PeakRSSAnon: ptr(1), OOMKills: ptr(1)}, verdictBroken, 3, "BROKEN: the kernel killed for want of memory in the cgroup"},
		{"no kill", result{PeakRSSAnon: ptr(1), OOMKills: ptr(0)}, verdictHeld, 0, "HELD: 64.0 MiB under the limit"},
		{"page cache is not held against it", result{PeakRSSAnon: ptr(1), PeakCgroup: ptr(2 * limit)}, verdictHeld, 0, "HELD: 64.0 MiB under the limit"},
		{"resident memory unknown, under", result{PeakGo: limit / 2}, verdictHeld, 0, "HELD: 32.0 MiB under the limit"},
		{"resident memory unknown, over", result{PeakGo: 2 * limit}, verdictBroken, 3, "BROKEN: 64.0 MiB over the limit"},
		{"resident memory counts, not the runtime's", result{PeakRSSAnon: ptr(1), PeakGo: 2 * limit}, verdictHeld, 0, "HELD: 64.0 MiB under the limit"},
		{"lowered meanwhile, under", lowered(&moment{3, 50 << 20, 60 << 20}), verdictHeld, 0, "HELD: 10.0 MiB under the limit of 60.0 MiB then in force"},
		{"lowered meanwhile, over", lowered(&moment{3, 70 << 20, 60 << 20}), verdictBroken, 3, "BROKEN: 10.0 MiB over the limit of 60.0 MiB then in force"},
		{"swapped out counts", result{PeakRSSAnon: ptr(limit - 1), Closest: &moment{1, limit + 1, limit}}, verdictBroken, 3, "BROKEN: 1 B over the limit"},
		{"failed", result{PeakRSSAnon: ptr(1), err: bad}, verdictFailed, 1, "FAILED"},
		{"failed and over", result{PeakRSSAnon: ptr(limit + bytesize.MiB), err: bad}, verdictFailed, 1, "FAILED, and 1.0 MiB over the limit"},
		{"interrupted", result{PeakRSSAnon: ptr(1), err: context.Canceled, interrupted: true}, verdictFailed, 130, "FAILED: interrupted"},
	} {
		c.r.Limit = limit
		c.r.judge()
		require.Equal(t, c.verdict, c.r.Verdict, c.name)
		require.Equal(t, c.code, c.r.exitCode(), c.name)
		require.Equal(t, c.words, c.r.words(), c.name)
		require.Equal(t, c.code == exitHeld, strings.HasPrefix(c.r.words(), "HELD"), c.name)
	}
}

func TestOneLine(t *testing.T) {
	input := &contentmodel.InputError{Name: "m", Line: 7, Err: errors.New("is bad"), Remedy: "mend it"}
	for _, c := range []struct {
		err  error
		want string
	}{
		{errSaid, ""},
		{errors.New("plain"), "plain"},
		{errors.Join(errors.New("a"), errors.New("b")), "a; b"},
		{&pipeline.StageError{Stage: "first", Err: input}, "m:7: is bad; mend it"},
		{&sourceError{"m", &pipeline.StageError{Stage: "first", Err: input}}, "m:7: is bad; mend it"},
		{&sourceError{"deb:m", &pipeline.StageError{Stage: "first", Err: input}}, "deb:m: m:7: is bad; mend it"},
		{&sourceError{"a", errors.New("stage \"save\": a disk is full")}, "a: stage \"save\": a disk is full"},
		{errors.New("stage \"save\": panic: oops\ngoroutine 7 [running]:\nmain.f()"), `stage "save": panic: oops`},
	} {
		require.Equal(t, c.want, oneLine(c.err))
	}
}

func TestCodeOf(t *testing.T) {
	require.Equal(t, exitUsage, codeOf(errors.New("unknown flag")))
	require.Equal(t, exitFailed, codeOf(failed(errors.New("no such file"))))
	require.Equal(t, exitBroken, codeOf(fmt.Errorf("wrapped: %w", &codedError{exitBroken, errSaid})))
}

// What a run panicked with is in the message, its stack in the JSON alone.
func TestPanicInAStage(t *testing.T) {
	_, err := pipeline.Run(t.Context(), pipeline.Config[int]{},
		func(context.Context, *pipeline.Out[int]) error { panic("oops") },
		pipeline.Each("end", func(context.Context, int) error { return nil }))
	r := &result{Limit: 1, ran: true, err: err}
	r.judge()
	require.Equal(t, verdictFailed, r.Verdict)
	require.Equal(t, `stage "first": panic: oops (units read: 0, saved for good: 0)`, r.message())
	require.Contains(t, r.Error, "TestPanicInAStage")
}

// fullResult is a result with every key.
func fullResult(t *testing.T) *result {
	o := &options{source: "s", mode: modeBytes, limitN: 1 << 26, limitFrom: limitFromFlag, besides: []*options{{source: "t"}}}
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(100)})
	require.NoError(t, err)
	s := &oneSync{o: o, account: b.Account("a"), src: new(source)}
	s.rep = &pipeline.Report{Units: 3}
	for _, stage := range s.stages() {
		s.rep.Queues = append(s.rep.Queues, memacct.QueueStats{Name: stage.Name()})
	}
	r := newResult(t.Context(), &work{o: o, syncs: []*oneSync{s, s}}, peaks{Peak: procmem.Peak{}, Go: 1}, errors.New("bad"))
	r.Note = "a note"
	r.Env = map[string]string{"go": "x"}
	return r
}

// The keys of the JSON are a promise: none may go, or change its type, under the same schema.
func TestJSONKeys(t *testing.T) {
	var text bytes.Buffer
	require.NoError(t, encode(&text, fullResult(t)))
	var v map[string]any
	require.NoError(t, json.Unmarshal(text.Bytes(), &v))
	require.Equal(t, schema, v["schema"])
	keys := keysOf("", v)
	slices.Sort(keys)
	have := strings.Join(keys, "\n") + "\n"
	const golden = "testdata/keys.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(have), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), have, "go test -run JSONKeys -update writes it anew: only to add keys")
}

// These keys are there in every result, also in one of a run that did not begin: null is "can't be told".
func TestJSONKeysThatStay(t *testing.T) {
	var text bytes.Buffer
	require.NoError(t, encode(&text, newFailure(t.Context(), new(options), errors.New("bad"))))
	var v map[string]any
	require.NoError(t, json.Unmarshal(text.Bytes(), &v))
	keys := keysOf("", v)
	for _, key := range strings.Fields(`schema verdict units units_per_second seconds limit_bytes peak_rss_anon_bytes
		peak_cgroup_bytes oom_kills accounted_peak_bytes gate_wait_seconds batches batches.size batches.bytes
		batches.pressure batches.end batches.awaited mean_batch env env.go env.os env.version`) {
		require.Contains(t, keys, key)
	}
	require.Equal(t, verdictFailed, v["verdict"])
}

// keysOf lists the paths of all keys.
func keysOf(path string, v map[string]any) (keys []string) {
	for name, inner := range v {
		keys = append(keys, path+name)
		if m, ok := inner.(map[string]any); ok {
			keys = append(keys, keysOf(path+name+".", m)...)
		}
	}
	return keys
}

// Stages stand in the order in which units pass them; a file of before, or one that somebody wrote, lacks it.
func TestStagesInOrder(t *testing.T) {
	three := map[string]batches{"associate": {}, "query": {}, "save": {}}
	for _, c := range []struct{ order, want []string }{
		{[]string{"query", "save", "associate"}, []string{"query", "save", "associate"}},
		{nil, []string{"associate", "query", "save"}},
		{[]string{"save", "save", "none"}, []string{"save", "associate", "query"}},
	} {
		r := result{Stages: three, StageOrder: c.order}
		require.Equal(t, c.want, r.stageNames())
		require.Len(t, r.Stages, 3)
	}
}
