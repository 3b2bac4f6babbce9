package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"time"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/internal/synth"
)

type unit = contentmodel.Unit

const (
	batchSize = 500
	roundTrip = 2 * time.Millisecond // of a database, for each batch
)

// open is the units that are to be saved.
func open(ctx context.Context, order string, units int) (iter.Seq2[unit, error], error) {
	spec, err := synth.Parse(fmt.Sprintf("rpm-mixed,units=%d,order=%s", units, order))
	if err != nil {
		return nil, err
	}
	return spec.Units(ctx), nil
}

// sink is where all ways save. It belongs to one goroutine.
type sink struct {
	saved, batches int
	digest         [sha256.Size]byte // of all digests, each combined so that order does not count
}

// save saves a batch.
func (s *sink) save(batch []unit) error {
	for _, u := range batch {
		h := sha256.New()
		if err := u.WriteBody(h); err != nil {
			return err
		}
		s.add(u.Key(), h.Sum(nil))
	}
	s.end()
	return nil
}

// saveBodies is save for who has bodies left.
func (s *sink) saveBodies(keys []string, bodies [][]byte) {
	for i, body := range bodies {
		sum := sha256.Sum256(body)
		s.add(keys[i], sum[:])
	}
	s.end()
}

func (s *sink) add(key string, sum []byte) {
	s.saved++
	for i, b := range sha256.Sum256(append([]byte(key), sum...)) {
		s.digest[i] ^= b
	}
}

func (s *sink) end() {
	s.batches++
	time.Sleep(roundTrip)
}
