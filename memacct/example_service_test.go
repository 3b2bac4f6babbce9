package memacct_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/syncmem/syncmem/memacct"
)

// A service whose operator sets the limit, with MEMACCT_LIMIT=800MiB or whatever else [memacct.ConfigFromEnv]
// reads. Without a setting the limit is GOMEMLIMIT, else that of the container, so that most operators need none.
func Example_service() {
	os.Setenv("MEMACCT_LIMIT", "content:1MiB") // the operator's
	defer os.Unsetenv("MEMACCT_LIMIT")

	cfg, err := memacct.ConfigFromEnv()
	if err != nil {
		log.Fatal(err) // names the variable, and gives an example
	}
	budget, err := memacct.New(cfg)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(budget.Stats().Limit, "bytes of content may be in flight")

	account := budget.Account("rpm")
	defer account.Close()
	err = mirror(account, 100)
	var refused *memacct.BudgetError
	switch {
	case errors.As(err, &refused):
		log.Print(refused) // ends in what to do
	case err != nil:
		log.Print(err)
	}
	fmt.Println("shut down:", closeBudget(budget))
	// Output:
	// 1048576 bytes of content may be in flight
	// shut down: <nil>
}

// closeBudget waits for what is in flight, and not for ever: a unit that was lost never ends, and the error names it.
func closeBudget(budget *memacct.Budget) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return budget.Close(ctx)
}
