package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/syncmem/syncmem/contentmodel/store/internal/pack"
)

// rows stands between units, which write, and pgx, which reads: on one side it is the packer's sink, on the other pgx's
// source. Each side has a goroutine of its own, and the packer waits while pgx encodes what it gave, because the bytes
// are the packer's.
type rows struct {
	give    chan []chunk  // closed when there are no more
	encoded chan struct{} // all that was given
	over    chan struct{} // closed when pgx asks no more

	// The packer's side.
	batch   []chunk
	current pack.Row
	n       int
	err     error // what ended the packer; pgx's side may read it when give is closed

	// pgx's side.
	left  []chunk // of the batch; the first is the row that pgx is at
	ended bool
}

// chunk is one row of the temporary table.
type chunk struct {
	kind, key string
	n, seq    int // of the unit in the batch, of the chunk in the unit
	data      []byte
}

func newRows() *rows {
	return &rows{give: make(chan []chunk), encoded: make(chan struct{}), over: make(chan struct{})}
}

// Rows implements pack.Sink: every row goes out, whether known or not.
func (r *rows) Rows(all []pack.Row) (int, error) {
	r.batch = r.batch[:0]
	for _, row := range all {
		r.n++
		r.batch = append(r.batch, chunk{row.Kind, row.Key, r.n, 0, row.Body})
	}
	return len(all), r.send()
}

// Begin implements pack.Sink.
func (r *rows) Begin(first pack.Row) (bool, error) {
	r.current = first
	r.n++
	return true, r.Chunk(0, first.Body)
}

// Chunk implements pack.Sink.
func (r *rows) Chunk(seq int, data []byte) error {
	r.batch = append(r.batch[:0], chunk{r.current.Kind, r.current.Key, r.n, seq, data})
	return r.send()
}

// errOver ends the packer when pgx asks for no more rows: pgx knows why.
var errOver = errors.New("the copy is over")

// send returns when the batch is encoded.
func (r *rows) send() error {
	select {
	case r.give <- r.batch:
	case <-r.over:
		return errOver
	}
	select {
	case <-r.encoded:
		return nil
	case <-r.over:
		return errOver
	}
}

// Next implements pgx.CopyFromSource. pgx has encoded a row when it asks for the next.
func (r *rows) Next() bool {
	if len(r.left) > 1 {
		r.left = r.left[1:]
		return true
	}
	if len(r.left) > 0 {
		r.encoded <- struct{}{} // send waits for it
	}
	r.left = <-r.give
	r.ended = len(r.left) == 0
	return !r.ended
}

// Values implements pgx.CopyFromSource.
func (r *rows) Values() ([]any, error) {
	c := &r.left[0]
	return []any{identity(c.kind, c.key), c.kind, []byte(c.key), c.n, c.seq, c.data}, nil
}

// Err implements pgx.CopyFromSource. pgx also asks in between.
func (r *rows) Err() error {
	if !r.ended {
		return nil
	}
	return r.err
}

var (
	_ pgx.CopyFromSource = (*rows)(nil)
	_ pack.Sink          = (*rows)(nil)
)
