package pipeline_test

import (
	"context"
	"fmt"
	"log"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
)

// A sync of three stages: read, query, save.
func Example() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(64 << 10)})
	if err != nil {
		log.Fatal(err)
	}
	cfg := pipeline.Config[*string]{
		Account: budget.Account("names"),
		Size:    func(s *string) int64 { return int64(16 + len(*s)) },
	}
	read := func(ctx context.Context, out *pipeline.Out[*string]) error {
		for _, name := range []string{"bash", "coreutils", "dash"} {
			if err := out.Put(ctx, &name); err != nil {
				return err
			}
		}
		return nil
	}
	query := pipeline.Each("query", func(_ context.Context, name *string) error { return nil })
	save := pipeline.InBatches("save", 500, func(_ context.Context, names []*string) error {
		for _, n := range names {
			fmt.Println("saved", *n)
		}
		return nil
	})
	report, err := pipeline.Run(context.Background(), cfg, read, query, save)
	fmt.Println(report.Ended, "units,", err)
	// Output:
	// saved bash
	// saved coreutils
	// saved dash
	// 3 units, <nil>
}
