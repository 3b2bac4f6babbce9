// Package gather fills queues before anything takes from them.
package gather

import (
	"context"
	"io/fs"
	"path/filepath"

	"github.com/syncmem/syncmem/memacct"
)

type Unit struct{ Name string }

func size(*Unit) int64 { return 1 }

func save(*Unit) error { return nil }

func list(n int) []*Unit { return make([]*Unit, n) }

func putsAllThenTakes(ctx context.Context, a *memacct.Account) error {
	q := memacct.NewGate(a, "units", 1000, size)
	for _, u := range list(5) {
		if err := q.Put(ctx, u); err != nil { // want `memvet/accumulate: every unit is put into q before the first is taken from it: once the budget or the queue is full, Put waits`
			return err
		}
	}
	for u := range q.All(ctx) {
		if err := save(u); err != nil {
			return err
		}
	}
	return nil
}

func sendsAllThenReceives() {
	c := make(chan *Unit, 100)
	for _, u := range list(5) {
		c <- u // want `every unit is put into c before the first is taken from it: once the channel is full, the send waits for ever`
	}
	close(c)
	for u := range c {
		save(u)
	}
}

func startsWorkersTooLate() {
	jobs := make(chan *Unit, 16)
	filepath.WalkDir(".", func(path string, _ fs.DirEntry, _ error) error {
		jobs <- &Unit{path} // want `every unit is put into jobs`
		return nil
	})
	close(jobs)
	for range 4 {
		go work(jobs)
	}
}

func work(jobs <-chan *Unit) {
	for u := range jobs {
		save(u)
	}
}

// fill is a helper that puts all there is.
func fill(ctx context.Context, q *memacct.Gate[*Unit], us []*Unit) error {
	for _, u := range us {
		r, err := q.Reserve(ctx, size(u))
		if err != nil {
			return err
		}
		defer r.Release()
		if err := q.Put(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

func helperPuts(ctx context.Context, a *memacct.Account) error {
	q := memacct.NewGate(a, "units", 1000, size)
	if err := fill(ctx, q, list(5)); err != nil { // want `every unit is put into q`
		return err
	}
	for u := range q.All(ctx) {
		save(u)
	}
	return nil
}

// generates can't be taken from before it returns.
func generates(us []*Unit) <-chan *Unit {
	c := make(chan *Unit)
	for _, u := range us {
		c <- u // want `every unit is put into c`
	}
	close(c)
	return c
}

func inALiteral(run func(func())) {
	run(func() {
		c := make(chan *Unit, 10)
		for _, u := range list(5) {
			select {
			case c <- u: // want `every unit is put into c`
			case <-context.Background().Done():
				return
			}
		}
		work(c)
	})
}

// What looks alike and is right.

func takesFirst(ctx context.Context, a *memacct.Account) error {
	q := memacct.NewGate(a, "units", 1000, size)
	go func() {
		for u := range q.All(ctx) {
			save(u)
		}
	}()
	for _, u := range list(5) {
		if err := q.Put(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

func putsFromAGoroutine(ctx context.Context, a *memacct.Account) {
	q := memacct.NewGate(a, "units", 1000, size)
	go fill(ctx, q, list(5))
	for u := range q.All(ctx) {
		save(u)
	}
}

func putsInALiteral(group interface{ Go(func() error) }) {
	c := make(chan *Unit, 10)
	group.Go(func() error {
		defer close(c)
		for _, u := range list(5) {
			c <- u
		}
		return nil
	})
	work(c)
}

func workersFirst() {
	jobs := make(chan *Unit, 16)
	for range 4 {
		go work(jobs)
	}
	for _, u := range list(5) {
		jobs <- u
	}
	close(jobs)
}

// roomForAll is accumulate's and ungated's business, where it is any.
func roomForAll(us []*Unit) {
	n := len(us)
	c := make(chan *Unit, n+1)
	for _, u := range us {
		c <- u
	}
	close(c)
	work(c)
}

func aKnownNumber() {
	c := make(chan *Unit, 4)
	for range 4 {
		c <- &Unit{}
	}
	for i := 0; i < 4; i++ {
		c <- &Unit{}
	}
	work(c)
}

func looksHowFull(us []*Unit) {
	c := make(chan *Unit, 4)
	for _, u := range us {
		if len(c) == cap(c) {
			break
		}
		c <- u
	}
	work(c)
}

func dropsWhatDoesNotFit(us []*Unit) {
	c := make(chan *Unit, 4)
	for _, u := range us {
		select {
		case c <- u:
		default:
		}
	}
	work(c)
}

func takesBetween(us []*Unit) {
	c := make(chan *Unit, 4)
	for _, u := range us {
		c <- u
		save(<-c)
	}
}

// handedOn is taken from by whoever was given it.
func handedOn(start func(chan *Unit), us []*Unit) {
	c := make(chan *Unit, 4)
	start(c)
	for _, u := range us {
		c <- u
	}
}

func eachRoundItsOwn(pages [][]*Unit) {
	for _, page := range pages {
		c := make(chan *Unit, 4)
		go work(c)
		for _, u := range page {
			c <- u
		}
		close(c)
	}
}

func semaphore(us []*Unit) {
	sem := make(chan struct{}, 4)
	for range us {
		sem <- struct{}{}
	}
	<-sem
}

func sized(n int, us []*Unit) {
	c := make(chan *Unit, n)
	for _, u := range us {
		c <- u // low `every unit is put into c .* low confidence: the channel may have room for all of them`
	}
	work(c)
}

type chunk struct{ keys []string }

func each(c chunk, results chan<- *Unit) {
	for _, k := range c.keys {
		results <- &Unit{k}
	}
}

// oneOfOne gives the helper a list of known length.
func oneOfOne(key string) *Unit {
	results := make(chan *Unit, 1)
	c := chunk{keys: []string{key}}
	each(c, results)
	return <-results
}
