package memacct_test

import (
	"context"
	"fmt"
	"log"
	"sync"

	"github.com/syncmem/syncmem/memacct"
)

// Several syncs run at once on one budget. Each has an account: the floor is what the others can't take from
// it, and the weight says who goes first when all of them wait.
func Example_sharedBudget() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(256 << 10)})
	if err != nil {
		log.Fatal(err)
	}
	sync1 := budget.Account("fedora", memacct.WithWeight(2))
	sync2 := budget.Account("debian", memacct.WithFloor(32<<10))

	var all sync.WaitGroup
	for _, account := range []*memacct.Account{sync1, sync2} {
		all.Go(func() {
			defer account.Close() // its floor goes back to the others, and what it left in its queues is dropped
			if err := mirror(account, 2000); err != nil {
				log.Print(account.Name(), ": ", err)
			}
		})
	}
	all.Wait()
	s := budget.Stats()
	fmt.Println("within the limit:", s.Peak <= s.Limit)
	fmt.Println("closed:", closeBudget(budget))
	// Output:
	// within the limit: true
	// closed: <nil>
}

// mirror is one sync: a first stage that reads, and a stage that saves in batches.
func mirror(account *memacct.Account, packages int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	units := memacct.NewGate(account, "packages", 1000, size)
	read := make(chan error, 1)
	go func() {
		defer units.Close()
		for i := range packages {
			if err := units.Put(ctx, &pkg{name: fmt.Sprint(i), files: make([]string, i%64)}); err != nil {
				read <- err
				return
			}
		}
		read <- nil
	}()
	for range units.Batches(ctx, memacct.Batch{Size: 500}) {
		// save the batch; under pressure it is smaller
	}
	return <-read
}
