package record_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/record"
)

// A program records from the moment it has a budget, and reads the record as syncbench does.
func Example() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1 << 20)})
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sync.memrec")
	recorder, err := record.Open(path, budget, record.Options{})
	if err != nil {
		log.Fatal(err)
	}

	give := budget.Account("sync").Charge(4096) // the work
	if r, err := record.Read(path); err == nil {
		fmt.Println("while it works:", r.Ended)
	}
	give()

	if err := budget.Close(context.Background()); err != nil {
		log.Print(err)
	}
	if err := recorder.Close(); err != nil {
		log.Print(err)
	}
	r, err := record.Read(path)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("afterwards:", r.Ended)
	fmt.Println("first decision:", r.Events[0].Kind)
	// Output:
	// while it works: running
	// afterwards: clean
	// first decision: opened
}

// An operator who sets MEMACCT_RECORD=FILE gets a record; others get nothing.
func ExampleFromEnv() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1 << 20)})
	if err != nil {
		log.Fatal(err)
	}
	recorder, err := record.FromEnv(budget)
	if err != nil {
		log.Print(err) // the sync goes on without
	}
	defer recorder.Close() // nothing to do where none was asked for
	fmt.Println("asked for:", recorder != nil)
	// Output:
	// asked for: false
}
