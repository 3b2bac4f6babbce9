package postgres

import (
	"context"
	"errors"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store/internal/pack"
)

// rows turns units, which write, into what pgx wants, which reads: the packer
// runs as a coroutine that stops at each row until the next is asked for.
type rows struct {
	next     func() (chunk, bool)
	stop     func()
	current  chunk
	err      error
	panicked any
}

// chunk is one row of the temporary table.
type chunk struct {
	kind, key string
	n, seq    int // of the unit in the batch, of the chunk in the unit
	data      []byte
}

func newRows(ctx context.Context, p *pack.Packer, units []contentmodel.Unit) *rows {
	r := new(rows)
	r.next, r.stop = iter.Pull(func(yield func(chunk) bool) {
		_, err := p.Pack(ctx, units, &yielder{yield: yield})
		r.err = err
	})
	return r
}

// Next implements pgx.CopyFromSource.
func (r *rows) Next() (ok bool) {
	defer func() {
		if v := recover(); v != nil {
			r.panicked, r.err, ok = v, errors.New("a unit panicked"), false
		}
	}()
	r.current, ok = r.next()
	return ok
}

// Values implements pgx.CopyFromSource; pgx encodes them before the next Next.
func (r *rows) Values() ([]any, error) {
	c := &r.current
	return []any{identity(c.kind, c.key), c.kind, []byte(c.key), c.n, c.seq, c.data}, nil
}

// Err implements pgx.CopyFromSource.
func (r *rows) Err() error { return r.err }

var _ pgx.CopyFromSource = (*rows)(nil)

// yielder is the packer's sink: every row goes out, whether known or not.
type yielder struct {
	yield   func(chunk) bool
	current pack.Row
	n       int
}

// errStopped ends the packer when nobody asks for rows any more.
var errStopped = errors.New("stopped")

func (y *yielder) Rows(all []pack.Row) (int, error) {
	for _, row := range all {
		if _, err := y.Begin(row); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

func (y *yielder) Begin(first pack.Row) (bool, error) {
	y.current = first
	y.n++
	return true, y.Chunk(0, first.Body)
}

func (y *yielder) Chunk(seq int, data []byte) error {
	if !y.yield(chunk{y.current.Kind, y.current.Key, y.n, seq, data}) {
		return errStopped
	}
	return nil
}
