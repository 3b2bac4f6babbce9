// Command keeping is a program whose consumers keep a part of every unit, and that writes an archive of all at the end:
// an advisory mirror, an exporter, an indexer. What lives grows with every unit that is done, and no gate can help
// that; what can be had is a Go limit that leaves the collector room to the end. It is run by proof behind memory
// cgroups, over plain channels and over a gate of memacct with no settings.
//
//	keeping -over=channels|memacct [-automemlimit] [-expect] [-units=24000] [-keep=3072]
//
// It prints what lived at the end, in bytes, and the collections.
package main

import (
	"archive/zip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/syncmem/syncmem/memacct"
)

const (
	fetchers  = 40
	consumers = 4
	slots     = 64 // of the channel, or the gate
)

// document is what is fetched: an advisory with a heavy tail of affected versions.
type document struct {
	ID   string
	Text []byte // JSON, as it came
}

// advisory is the document parsed.
type advisory struct {
	ID, Summary string
	Affected    []struct{ Package, Introduced, Fixed, Details string }
}

// kept is what a consumer keeps of one: copies, for the text they came from is gone.
type kept struct {
	ID      string
	Summary string
	Details []string
}

func main() {
	over := flag.String("over", "channels", "what the units go through: channels or memacct")
	auto := flag.Bool("automemlimit", false, "set GOMEMLIMIT to 90 % of the cgroup's limit by automemlimit")
	units := flag.Int("units", 24_000, "`number` of documents")
	keep := flag.Int("keep", 3072, "`bytes` that are kept of each, about")
	expect := flag.Bool("expect", false, "tell memacct how many documents are to come")
	flag.Parse()
	if *auto {
		if _, err := memlimit.Set(); err != nil {
			fail(err)
		}
	}
	var all []kept
	var err error
	switch *over {
	case "channels":
		all = overChannels(*units, *keep)
	case "memacct":
		all, err = overGate(context.Background(), *units, *keep, *expect)
	default:
		err = fmt.Errorf("-over=%q is neither channels nor memacct", *over)
	}
	if err == nil {
		err = archive(io.Discard, all)
	}
	if err != nil {
		fail(err)
	}
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	fmt.Printf("%d kept, %d bytes live, %d collections\n", len(all), s[0].Value.Uint64(), s[1].Value.Uint64())
	runtime.KeepAlive(all)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "keeping:", err)
	os.Exit(1)
}

// fetch makes the n-th document. Of a hundred one is forty times as large as most.
func fetch(n, keep int) *document {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	affected := 1 + r.IntN(12)
	if n%100 == 0 {
		affected *= 40
	}
	type entry = struct{ Package, Introduced, Fixed, Details string }
	a := advisory{ID: fmt.Sprintf("ADV-%08d", n), Summary: words(r, keep/4)}
	for range affected {
		a.Affected = append(a.Affected, entry{words(r, 24), words(r, 12), words(r, 12), words(r, keep/8)})
	}
	text, err := json.Marshal(a)
	if err != nil {
		panic(err) // there is nothing in it that could not be marshalled
	}
	return &document{ID: a.ID, Text: text}
}

// words are about n bytes of text.
func words(r *rand.Rand, n int) string {
	var s strings.Builder
	for s.Len() < n {
		fmt.Fprintf(&s, "%x ", r.Uint32())
	}
	return s.String()
}

// size is a document's bytes on the heap.
func size(d *document) int64 { return int64(cap(d.Text)+len(d.ID)) + 64 }

// consume parses a document and keeps a part of it.
func consume(d *document, keep int) (k kept, err error) {
	var a advisory
	if err := json.Unmarshal(d.Text, &a); err != nil {
		return k, err
	}
	k = kept{ID: strings.Clone(a.ID), Summary: strings.Clone(a.Summary)}
	for have := len(k.Summary); have < keep; {
		for _, e := range a.Affected {
			k.Details = append(k.Details, strings.Clone(e.Details))
			if have += len(e.Details); have >= keep {
				break
			}
		}
	}
	return k, nil
}

// results collects what the consumers keep.
type results struct {
	mu  sync.Mutex
	all []kept
}

func (r *results) add(d *document, keep int) {
	k, err := consume(d, keep)
	if err != nil {
		fail(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, k)
}

// fetchAll has forty workers fetch, and put what they have, until ctx is done.
func fetchAll(ctx context.Context, units, keep int, put func(*document)) {
	var next sync.Mutex
	n := 0
	take := func() int {
		next.Lock()
		defer next.Unlock()
		n++
		return n - 1
	}
	var all sync.WaitGroup
	for range fetchers {
		all.Go(func() {
			for i := take(); i < units && ctx.Err() == nil; i = take() {
				put(fetch(i, keep))
			}
		})
	}
	all.Wait()
}

func overChannels(units, keep int) []kept {
	var r results
	documents := make(chan *document, slots) //memvet:ignore ungated the same work without an account, to compare with
	var all sync.WaitGroup
	for range consumers {
		all.Go(func() {
			for d := range documents {
				r.add(d, keep)
			}
		})
	}
	fetchAll(context.Background(), units, keep, func(d *document) { documents <- d })
	close(documents)
	all.Wait()
	return r.all
}

func overGate(ctx context.Context, units, keep int, expect bool) (all []kept, err error) {
	b, err := memacct.New(memacct.Config{Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))})
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := b.Close(ctx); err == nil {
			err = e
		}
	}()
	var r results
	documents := memacct.NewGate(b.Account("mirror"), "documents", slots, size)
	if expect {
		documents.Expect(int64(units))
	}
	var done sync.WaitGroup
	for range consumers {
		done.Go(func() {
			for d := range documents.All(ctx) {
				r.add(d, keep)
			}
		})
	}
	reading, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	fetchAll(reading, units, keep, func(d *document) {
		if err := documents.Put(reading, d); err != nil {
			stop(err)
		}
	})
	documents.Close()
	done.Wait()
	return r.all, context.Cause(reading)
}

// archive writes all into one file.
func archive(to io.Writer, all []kept) error {
	w := zip.NewWriter(to)
	for _, k := range all {
		f, err := w.Create(k.ID + ".json")
		if err != nil {
			return err
		}
		text, err := json.MarshalIndent(k, "", "  ")
		if err != nil {
			return err
		}
		if _, err := f.Write(text); err != nil {
			return err
		}
	}
	return w.Close()
}
