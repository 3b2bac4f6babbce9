// Package pack turns units into rows for a database, in constant memory.
//
// Bodies are written one after the other into a fixed space. Those that fit a
// chunk are handed on many at a time, because a statement for each row is what
// makes saving slow. A longer one is handed on chunk by chunk while it is being
// written, so its length does not matter.
package pack

import (
	"context"
	"errors"
	"fmt"

	"github.com/syncmem/syncmem/contentmodel"
)

// The space of a Packer. Larger chunks or spaces made saving no faster.
const (
	ChunkBytes = 64 << 10
	spaceBytes = 4 * ChunkBytes
	KeyBytes   = 64 << 10 // of the keys that wait; one key may be longer
	MaxRows    = 64
)

// Row is a unit with its whole body, or the first chunk of it.
type Row struct {
	Kind, Key string
	Body      []byte
}

// Sink is the database's side. The bytes it gets are valid during the call.
type Sink interface {
	// Rows keeps up to MaxRows whole units and returns how many were new.
	Rows(rows []Row) (saved int, err error)
	// Begin keeps the first chunk of a unit, unless the unit is known.
	Begin(first Row) (isNew bool, err error)
	// Chunk keeps a further chunk of the unit that was begun; seq is from 1.
	Chunk(seq int, data []byte) error
}

// Packer holds the space. It may be used again, but not at the same time.
type Packer struct {
	ctx   context.Context
	sink  Sink
	space []byte
	rows  []Row
	keys  int // bytes of the keys in rows
	saved int

	// The unit being written: its bytes are space[start:].
	start     int
	kind, key string
	seq       int // chunks handed on; 0 while it may still fit into one
	err       error
}

// Pack writes all units to the sink and returns how many were new. On error the
// sink has got a part of them: it is up to the caller to roll back.
func (p *Packer) Pack(ctx context.Context, units []contentmodel.Unit, sink Sink) (int, error) {
	if p.space == nil {
		p.space = make([]byte, 0, spaceBytes)
		p.rows = make([]Row, 0, MaxRows)
	}
	p.ctx, p.sink, p.saved = ctx, sink, 0
	p.reset()
	defer p.forget()
	for _, u := range units {
		if err := p.unit(u); err != nil {
			return 0, err
		}
	}
	if err := p.flush(); err != nil {
		return 0, err
	}
	return p.saved, nil
}

// forget drops what would keep the last batch's units alive.
func (p *Packer) forget() {
	p.ctx, p.sink, p.kind, p.key, p.err = nil, nil, "", "", nil
	clear(p.rows[:cap(p.rows)])
}

// errKnown stops a WriteBody whose unit turns out to be known.
var errKnown = errors.New("known unit")

func (p *Packer) unit(u contentmodel.Unit) error {
	p.kind, p.key, p.seq, p.err = u.Kind(), u.Key(), 0, nil
	err := u.WriteBody(p)
	switch {
	case p.err == errKnown: // whatever the unit made of it
		p.space = p.space[:p.start]
		return nil
	case p.err != nil: // the sink's error is not the unit's
		return p.err
	case err != nil:
		return fmt.Errorf("body of %s %q: %w", p.kind, p.key, err)
	case p.seq > 0:
		return p.handOn()
	}
	return p.add()
}

// Write takes a part of the body. It implements io.Writer for the units.
func (p *Packer) Write(b []byte) (int, error) {
	if p.err == nil {
		p.err = p.ctx.Err()
	}
	for rest := b; len(rest) > 0 && p.err == nil; {
		if len(p.space)-p.start == ChunkBytes {
			p.err = p.handOn()
			continue
		}
		n := min(len(rest), ChunkBytes-(len(p.space)-p.start))
		p.space = append(p.space, rest[:n]...)
		rest = rest[n:]
	}
	if p.err != nil {
		return 0, p.err
	}
	return len(b), nil
}

// handOn passes on the chunk that waits: the first as a row of its own.
func (p *Packer) handOn() error {
	data := p.space[p.start:] // stays as it is: what follows reuses the space later
	if p.seq == 0 {
		// Of units with the same key the first counts, so none may overtake
		// those that wait.
		if err := p.flush(); err != nil {
			return err
		}
	}
	p.space = p.space[:p.start]
	p.seq++
	if p.seq > 1 {
		return p.sink.Chunk(p.seq-1, data)
	}
	isNew, err := p.sink.Begin(Row{p.kind, p.key, data})
	if err != nil {
		return err
	}
	if !isNew {
		return errKnown
	}
	p.saved++
	return nil
}

// add makes the unit a row that waits for company.
func (p *Packer) add() error {
	p.rows = append(p.rows, Row{p.kind, p.key, p.space[p.start:]})
	p.start = len(p.space)
	p.keys += len(p.key)
	if len(p.rows) == MaxRows || p.keys >= KeyBytes || cap(p.space)-len(p.space) < ChunkBytes {
		return p.flush()
	}
	return nil
}

func (p *Packer) flush() error {
	if len(p.rows) == 0 {
		return nil
	}
	if err := p.ctx.Err(); err != nil {
		return err
	}
	n, err := p.sink.Rows(p.rows)
	p.saved += n
	p.reset()
	return err
}

func (p *Packer) reset() { p.space, p.rows, p.start, p.keys = p.space[:0], p.rows[:0], 0, 0 }
