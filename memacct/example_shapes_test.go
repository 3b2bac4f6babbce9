package memacct_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/syncmem/syncmem/memacct"
)

// One unit goes to two stages. It is charged once, until the slower one is done with it.
func ExampleLease_ForwardAll() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(64 << 10)})
	if err != nil {
		log.Fatal(err)
	}
	account := budget.Account("mirror")
	defer account.Close()
	units := memacct.NewGate(account, "packages", 100, size)
	toStore := memacct.NewQueue(account, "store", 100, size)
	toSearch := memacct.NewQueue(account, "search", 100, size)

	all, ctx := errgroup.WithContext(context.Background())
	all.Go(func() error {
		defer units.Close()
		for i := range 1000 {
			if err := units.Put(ctx, &pkg{name: fmt.Sprint(i), files: make([]string, 20)}); err != nil {
				return err
			}
		}
		return nil
	})
	all.Go(func() error {
		defer toStore.Close()
		defer toSearch.Close()
		for unit := range units.Leases(ctx) {
			if err := unit.ForwardAll(ctx, toStore, toSearch); err != nil { // toStore <- p; toSearch <- p
				return err
			}
		}
		return ctx.Err()
	})
	var stored, found int
	all.Go(func() error {
		for batch := range toStore.Batches(ctx, memacct.Batch{Size: 50}) {
			stored += len(batch)
		}
		return ctx.Err()
	})
	all.Go(func() error {
		for range toSearch.All(ctx) {
			found++
		}
		return ctx.Err()
	})
	err = all.Wait()
	s := budget.Stats()
	fmt.Println("error:", err)
	fmt.Println("stored", stored, "and indexed", found)
	fmt.Println("within the limit:", s.Peak <= s.Limit)
	// Output:
	// error: <nil>
	// stored 1000 and indexed 1000
	// within the limit: true
}

// Many readers fill one gate. Each is handed what it may do with it, as it would be handed a chan<-, and the gate is
// closed when the last of them has ended.
func ExampleSender() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(64 << 10)})
	if err != nil {
		log.Fatal(err)
	}
	account := budget.Account("mirror")
	defer account.Close()
	units := memacct.NewGate(account, "packages", 100, size)

	all, ctx := errgroup.WithContext(context.Background())
	all.Go(func() error {
		defer units.Close()
		readers, ctx := errgroup.WithContext(ctx)
		for _, repository := range []string{"base", "updates"} {
			readers.Go(func() error { return read(ctx, repository, units) })
		}
		return readers.Wait()
	})
	var names []string
	for p := range units.All(ctx) {
		names = append(names, p.name)
	}
	slices.Sort(names)
	fmt.Println(names, all.Wait())
	// Output: [base-0 base-1 updates-0 updates-1] <nil>
}

// read puts the packages of a repository: func read(ctx context.Context, repository string, to chan<- *pkg) error
func read(ctx context.Context, repository string, to memacct.Sender[*pkg]) error {
	for i := range 2 {
		if err := to.Put(ctx, &pkg{name: fmt.Sprint(repository, "-", i)}); err != nil {
			return err
		}
	}
	return nil
}

// checksum is what becomes of a pkg.
type checksum struct {
	name string
	sum  int
}

// A worker pool with results: what comes out is of another type, and the charge moves on with it, measured anew. It is
// at no time counted twice, and never not at all.
func ExampleForwardAs() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(64 << 10)})
	if err != nil {
		log.Fatal(err)
	}
	account := budget.Account("verify")
	defer account.Close()
	jobs := memacct.NewGate(account, "jobs", 100, size)
	results := memacct.NewQueue(account, "results", 100, func(c checksum) int64 { return 24 + int64(len(c.name)) })

	all, ctx := errgroup.WithContext(context.Background())
	all.Go(func() error {
		defer jobs.Close()
		for i := range 100 {
			if err := jobs.Put(ctx, &pkg{name: fmt.Sprint(i), files: make([]string, 50)}); err != nil { // jobs <- p
				return err
			}
		}
		return nil
	})
	all.Go(func() error {
		defer results.Close()
		workers, ctx := errgroup.WithContext(ctx)
		for range 4 {
			workers.Go(func() error {
				for job := range jobs.Leases(ctx) { // for p := range jobs
					p := job.Value()
					if err := memacct.ForwardAs(ctx, job, results, checksum{p.name, len(p.files)}); err != nil { // results <- sum
						return err
					}
				}
				return ctx.Err()
			})
		}
		return workers.Wait()
	})
	files := 0
	for c := range results.All(ctx) {
		files += c.sum
	}
	fmt.Println("files:", files, "error:", all.Wait())
	// Output: files: 5000 error: <nil>
}

// A receive in a select, beside a ticker and the end of the context.
func ExampleQueue_Chan() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(64 << 10)})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel() // the channel's goroutine ends with its context
	account := budget.Account("mirror")
	defer account.Close()
	units := memacct.NewGate(account, "packages", 100, size)

	var all sync.WaitGroup
	all.Go(func() {
		defer units.Close()
		for i := range 3 {
			if err := units.Put(ctx, &pkg{name: fmt.Sprint("package-", i)}); err != nil {
				log.Print(err)
				return
			}
		}
	})
	progress := time.NewTicker(10 * time.Second)
	defer progress.Stop()
	packages := units.Chan(ctx)
	for packages != nil {
		select {
		case unit, ok := <-packages:
			if !ok { // closed and drained, or ctx is done
				packages = nil
				break
			}
			fmt.Println(unit.Value().name)
			unit.Release() // there is no loop body whose end would do it
		case <-progress.C:
			fmt.Println(budget.Stats().Units, "units in flight")
		}
	}
	all.Wait()
	fmt.Println(errors.Join(ctx.Err(), closeBudget(budget)))
	// Output:
	// package-0
	// package-1
	// package-2
	// <nil>
}
