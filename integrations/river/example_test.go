package memriver_test

import (
	"context"
	"encoding/json"
	"log"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	memriver "github.com/syncmem/syncmem/integrations/river"
)

// Three lines where the client is made; workers stay as they are.
func Example() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://localhost/jobs")
	if err != nil {
		log.Fatal(err)
	}
	workers := river.NewWorkers() // river.AddWorker(workers, ...)
	config := &river.Config{Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 50}}, Workers: workers}

	admission, err := memriver.New(ctx, pool, memriver.Config{Estimate: estimate, Workers: 50})
	if err != nil {
		log.Fatal(err)
	}
	defer admission.Close(context.WithoutCancel(ctx))
	config.Middleware = append(config.Middleware, admission)

	client, err := river.NewClient(riverpgxv5.New(pool), config)
	if err != nil {
		log.Fatal(err)
	}
	if err := client.Start(ctx); err != nil {
		log.Fatal(err)
	}
	// until the process is to end
	admission.Drain()
	if err := client.Stop(ctx); err != nil {
		log.Print(err)
	}
}

// estimate knows what a job needs from its arguments, and whose it is.
func estimate(row *rivertype.JobRow) memriver.Estimate {
	var args struct {
		Bytes    int64  `json:"bytes"`
		Customer string `json:"customer"`
	}
	_ = json.Unmarshal(row.EncodedArgs, &args) // then it is unknown
	return memriver.Estimate{Bytes: args.Bytes, Group: args.Customer}
}
