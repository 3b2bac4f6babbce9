package memprom_test

import (
	"context"
	"fmt"
	"log"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/memacct/memprom"
)

func Example() {
	budget, err := memacct.New(memacct.Config{Limit: memacct.Content(64 << 20)})
	if err != nil {
		log.Fatal(err)
	}
	registry := prometheus.NewRegistry() // or prometheus.DefaultRegisterer, with promhttp.Handler
	registry.MustRegister(memprom.New(budget))

	units := memacct.NewGate(budget.Account("rpm"), "packages", 1000, func(n int64) int64 { return n })
	if err := units.Put(context.Background(), 1<<20); err != nil {
		log.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "memacct_account_used_bytes" {
			fmt.Println(f.GetMetric()[0].GetLabel()[0].GetValue(), f.GetMetric()[0].GetGauge().GetValue())
		}
	}
	// Output: rpm 1.048576e+06
}
