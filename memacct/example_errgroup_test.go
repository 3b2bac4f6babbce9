package memacct_test

import (
	"context"
	"fmt"
	"log"

	"golang.org/x/sync/errgroup"

	"github.com/syncmem/syncmem/memacct"
)

// A sync as many are written: stages in an errgroup, joined by channels. The comments show the lines of the
// channels that were there before. Only the queue behind the first stage became a gate; the one after it is a
// queue, so that its units stay counted.
func Example_errgroup() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1 << 20)})
	if err != nil {
		log.Fatal(err)
	}
	account := budget.Account("rpm")
	defer account.Close()                                       // drops what is left in the queues when a stage failed
	parsed := memacct.NewGate(account, "parsed", 1000, size)    // parsed := make(chan *pkg, 1000)
	checked := memacct.NewQueue(account, "checked", 1000, size) // checked := make(chan *pkg, 1000)

	all, ctx := errgroup.WithContext(context.Background())
	all.Go(func() error {
		defer parsed.Close() // defer close(parsed)
		for i := range 3 {
			if err := parsed.Put(ctx, &pkg{name: fmt.Sprint("package-", i)}); err != nil { // parsed <- p
				return err
			}
		}
		return nil
	})
	all.Go(func() error {
		defer checked.Close()            // defer close(checked)
		for p := range parsed.All(ctx) { // for p := range parsed
			if p.name == "package-1" {
				continue // a unit that goes no further is released here
			}
			if err := checked.Put(ctx, p); err != nil { // checked <- p
				return err
			}
		}
		return ctx.Err() // a loop ends early when another stage failed
	})
	all.Go(func() error {
		for p := range checked.All(ctx) { // for p := range checked
			fmt.Println("saved", p.name)
		}
		return ctx.Err()
	})
	fmt.Println("error:", all.Wait())
	// Output:
	// saved package-0
	// saved package-2
	// error: <nil>
}
