package stages_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/npm"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
)

const packument = `{"versions": {"1.0.0": {"name": "hello"}, "1.1.0": {"name": "hello"}}}`

// A first stage whose units are charged while they are read: three lines more than without.
func Example_building() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(64 << 10)})
	if err != nil {
		log.Fatal(err)
	}
	cfg := pipeline.Config[contentmodel.Unit]{
		Account: budget.Account("npm"),
		Size:    func(u contentmodel.Unit) int64 { return int64(len(u.(*npm.Version).Manifest)) },
	}
	first := func(ctx context.Context, out *pipeline.Out[contentmodel.Unit]) error {
		unit := out.Building(ctx)
		defer unit.Release()
		options := npm.Options{Building: unit.Weighs}
		for v, err := range options.ReadVersions("hello", strings.NewReader(packument)) {
			if err != nil {
				return err
			}
			if err := unit.Put(ctx, v); err != nil {
				return err
			}
		}
		return nil
	}
	save := pipeline.Each("save", func(_ context.Context, u contentmodel.Unit) error {
		fmt.Println("saved", u.Key())
		return nil
	})
	report, err := pipeline.Run(context.Background(), cfg, first, save)
	fmt.Println(report.Ended, "units,", err)
	// Output:
	// saved hello@1.0.0
	// saved hello@1.1.0
	// 2 units, <nil>
}
