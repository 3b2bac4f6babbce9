package memacct_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"strings"

	"github.com/syncmem/syncmem/memacct"
)

// Stages that have a name are named in reports: here by one that was asked for while "save" has a unit.
func ExampleAccount_Stage() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(1 << 20), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	account := budget.Account("rpm")
	units := memacct.NewGate(account, "packages", 10, size)
	if err := units.Put(ctx, &pkg{name: "bash"}); err != nil {
		log.Fatal(err)
	}
	units.Close()
	err = account.Stage(ctx, "save", func(ctx context.Context) error {
		for range units.All(ctx) {
			for line := range strings.Lines(budget.Report()) {
				if strings.HasPrefix(line, "largest") {
					fmt.Print(line)
				}
			}
		}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// largest   68 B of type *memacct_test.pkg, in hand of "save" (from rpm/packages)
}
