package main

import (
	"context"
	"iter"
	"slices"

	"github.com/syncmem/syncmem/contentmodel"
	contentstore "github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
	"github.com/syncmem/syncmem/pipeline/stages"
)

// oneSync is a sync of one source, and what is counted of it.
type oneSync struct {
	o          *options
	src        *source
	store      contentstore.Versioned
	closeStore func()
	account    *memacct.Account     // nil where nothing is accounted
	sizes      *sizes               // of all syncs of the run
	whole      stages.Sync          // without --policy it only counts
	before     contentstore.Version // of the repository, and the one that was published
	version    contentstore.Version
	leave      []func()         // what was opened for it
	rep        *pipeline.Report // once it has run
}

// open opens the source and the store.
func (s *oneSync) open(ctx context.Context) (err error) {
	if s.src, err = openSource(ctx, s.o); err != nil {
		return err
	}
	if s.store, s.closeStore, err = openStore(ctx, s.o); err != nil {
		return err
	}
	s.store = resolving{s.store}
	return s.openWhole(ctx)
}

// close closes what open opened, all or some of it.
func (s *oneSync) close() {
	if s.src != nil {
		s.src.Close()
	}
	if s.store != nil {
		s.closeStore()
	}
	for _, leave := range slices.Backward(s.leave) {
		leave()
	}
}

// run does the sync.
func (s *oneSync) run(ctx context.Context) (err error) {
	cfg := pipeline.Config[contentmodel.Unit]{
		Account: s.account, Size: s.sizes.weigh, Depth: s.o.queueDepth(), BatchSize: s.o.batch,
	}
	if s.o.policy != "" {
		s.version, s.rep, err = s.whole.Run(ctx, cfg, s.first)
		return err
	}
	s.rep, err = pipeline.Run(ctx, cfg, s.first, s.stages()...)
	return err
}

// counts are what it did, in units, and in how many seconds.
func (s *oneSync) counts() (units, known, saved int64, seconds float64) {
	return s.rep.Units, s.whole.Known.Count(), s.whole.Saved.Units(), s.rep.Elapsed.Seconds()
}

// stages are those behind the first, in the order in which units pass them.
func (s *oneSync) stages() []pipeline.Stage[contentmodel.Unit] {
	return []pipeline.Stage[contentmodel.Unit]{
		stages.Query(s.store, 0, &s.whole.Known),
		stages.Save(s.store, 0, s.src.sink, &s.whole.Saved),
	}
}

// first is the first stage: it reads units and emits them. Where many are to be built at once, each builder has a part
// of them, and a charge of its own.
func (s *oneSync) first(ctx context.Context, out *pipeline.Out[contentmodel.Unit]) error {
	if s.src.parts > 0 {
		for i := range s.src.parts {
			out.Go(func(ctx context.Context) error {
				unit := out.Building(ctx)
				defer unit.Release()
				return s.emit(ctx, out, unit, s.src.part(ctx, i, unit.Weighs))
			})
		}
		return nil
	}
	unit := out.Building(ctx)
	defer unit.Release()
	beside := s.account.Hold("reader")
	defer beside.Release()
	s.o.weighs, s.o.kept = unit.Weighs, beside.Set
	return s.emit(ctx, out, unit, s.src.units(ctx))
}

// emit emits units, each once those are resolved that it refers to, and keeps them all if it was asked to pin.
func (s *oneSync) emit(ctx context.Context, out *pipeline.Out[contentmodel.Unit], building *pipeline.Building[contentmodel.Unit], units iter.Seq2[contentmodel.Unit, error]) error {
	var pinned []contentmodel.Unit
	for u, err := range units {
		if err != nil {
			return err
		}
		if s.src.pin {
			pinned = append(pinned, u)
		}
		if r, ok := u.(referrer); ok && r.After() != nil {
			if err := out.Await(ctx, r.After()); err != nil {
				return err
			}
		}
		if err := building.Put(ctx, u); err != nil {
			return err
		}
		s.src.read.Add(1)
	}
	_ = pinned // it lives to here: that is the point of pin=true
	return nil
}
