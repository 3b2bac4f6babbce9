package memacct_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"

	"github.com/syncmem/syncmem/memacct"
)

type pkg struct {
	name  string
	files []string
}

// size is what a pkg weighs; sizer.Of[*pkg] finds it out by itself.
func size(p *pkg) int64 {
	n := 64 + len(p.name)
	for _, f := range p.files {
		n += 16 + len(f)
	}
	return int64(n)
}

// A producer and a consumer over a gate, as they would be over a channel.
func Example() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1 << 20)})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	units := memacct.NewGate(budget.Account("rpm"), "packages", 1000, size)

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
	for p := range units.All(ctx) {
		fmt.Println(p.name)
	}
	all.Wait()
	fmt.Println("left:", budget.Stats().Used, "bytes; closed:", closeBudget(budget))
	// Output:
	// package-0
	// package-1
	// package-2
	// left: 0 bytes; closed: <nil>
}

// A unit that can never fit gets an error that says where the memory is.
func ExampleBudgetError() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1000)})
	if err != nil {
		log.Fatal(err)
	}
	units := memacct.NewGate(budget.Account("rpm"), "packages", 10, size)
	err = units.Put(context.Background(), &pkg{name: "giant", files: make([]string, 100)})
	var refused *memacct.BudgetError
	if errors.As(err, &refused) {
		fmt.Printf("%s/%s: %d bytes do not fit into %d: %s\n", refused.Account, refused.Queue, refused.Item, refused.Limit, refused.Reason)
	}
	// Output:
	// rpm/packages: 1669 bytes do not fit into 1000: too large
}

// Batches are as large as they may be: cut short when memory is.
func ExampleGate_batches() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1 << 20)})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	units := memacct.NewGate(budget.Account("rpm"), "packages", 1000, size)
	for i := range 5 {
		if err := units.Put(ctx, &pkg{name: fmt.Sprint(i)}); err != nil {
			log.Fatal(err)
		}
	}
	units.Close()
	for batch := range units.Batches(ctx, memacct.Batch{Size: 2}) {
		fmt.Println(len(batch))
	}
	// Output:
	// 2
	// 2
	// 1
}

// Memory is reserved before it is filled, when the size is known ahead.
func ExampleGate_Reserve() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1 << 20)})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	units := memacct.NewGate(budget.Account("rpm"), "packages", 10, size)
	r, err := units.Reserve(ctx, 4096) // what a HEAD request said
	if err != nil {
		log.Fatal(err)
	}
	defer r.Release() // does nothing after a Put
	fmt.Println("reserved:", budget.Stats().Used)
	if err := r.Put(ctx, &pkg{name: "read after that"}); err != nil {
		log.Fatal(err)
	}
	fmt.Println("settled:", budget.Stats().Used)
	// Output:
	// reserved: 4096
	// settled: 79
}
