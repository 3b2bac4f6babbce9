package memacct_test

import (
	"context"
	"fmt"
	"log"
	"sync"
	"sync/atomic"

	"github.com/syncmem/syncmem/memacct"
)

// Several workers share a gate as they would share a channel: each unit goes to one of them and stays charged
// until its loop body ends.
func Example_workerPool() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(64 << 10)})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	jobs := memacct.NewGate(budget.Account("download"), "jobs", 100, size)

	var workers sync.WaitGroup
	var done atomic.Int64
	for range 4 {
		workers.Go(func() {
			for p := range jobs.All(ctx) {
				if err := download(p); err != nil {
					cancel(err) // ends the other workers, and the producer's Put
					return
				}
				done.Add(1)
			}
		})
	}
	for i := range 1000 {
		if err := jobs.Put(ctx, &pkg{name: fmt.Sprint(i), files: make([]string, 64)}); err != nil {
			log.Print(context.Cause(ctx), err)
			break
		}
	}
	jobs.Close()
	workers.Wait()
	jobs.Discard() // what nobody took, if a worker failed

	s := budget.Stats()
	fmt.Println("done:", done.Load())
	fmt.Println("within the limit:", s.Peak <= s.Limit)
	fmt.Println("closed:", closeBudget(budget))
	// Output:
	// done: 1000
	// within the limit: true
	// closed: <nil>
}

func download(*pkg) error { return nil }
