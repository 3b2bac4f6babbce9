package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/internal/procmem"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context) error {
	limits := flag.String("limits", "256MiB,128MiB,64MiB", "the cgroups' `limits`")
	orders := flag.String("orders", "shuffled,giants-in-four,giants-adjacent", "`orders` of the units")
	only := flag.String("ways", "", "`names` of the ways to run, or all")
	units := flag.Int("units", 50_000, "`number` of units")
	runs := flag.Int("runs", 3, "`number` of runs of each kind, in turns")
	one := flag.String("one", "", "do the work in this process by the way of that `name`, and print the figures")
	limit := flag.Int64("limit", 0, "with -one: the limit it is behind, in `bytes`")
	flag.Parse()
	if *one != "" {
		w, err := find(*one)
		if err != nil {
			return err
		}
		return inProcess(ctx, w, *limit, *orders, *units)
	}
	t := table{units: *units, orders: strings.Split(*orders, ","), runs: *runs, ways: ways}
	for _, text := range strings.Split(*limits, ",") {
		n, err := bytesize.Parse(text)
		if err != nil {
			return fmt.Errorf("-limits: %w", err)
		}
		t.limits = append(t.limits, n)
	}
	if *only != "" {
		t.ways = nil
		for _, name := range strings.Split(*only, ",") {
			w, err := find(name)
			if err != nil {
				return err
			}
			t.ways = append(t.ways, w)
		}
	}
	return t.print(ctx, os.Stdout)
}

func find(name string) (way, error) {
	var names []string
	for _, w := range ways {
		if w.name == name {
			return w, nil
		}
		names = append(names, w.name)
	}
	return way{}, fmt.Errorf("no way is called %q; want one of: %s", name, strings.Join(names, ", "))
}

// figures are what one process says of its work.
type figures struct {
	Saved, Batches int
	Digest         []byte // of all that was saved
	Seconds        float64
	Peak           int64 // anonymous memory, in bytes
}

// inProcess does the work, and prints the figures as a line of JSON.
func inProcess(ctx context.Context, w way, limit int64, order string, count int) error {
	if w.name != ours && limit > 0 {
		debug.SetMemoryLimit(limit / 10 * 9)
	}
	units, err := open(ctx, order, count)
	if err != nil {
		return err
	}
	sampler := procmem.StartSampler(2*time.Millisecond, nil)
	defer sampler.Stop()
	var s sink
	from := time.Now()
	if err := w.run(ctx, limit, units, &s); err != nil {
		return err
	}
	took := time.Since(from)
	if s.saved != count {
		return errors.New("not every unit was saved")
	}
	return json.NewEncoder(os.Stdout).Encode(figures{s.saved, s.batches, s.digest[:], took.Seconds(), sampler.Peak().RSSAnon})
}
