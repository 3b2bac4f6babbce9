package source

import "io"

// What is decompressed ahead of the reader: so many pieces of so many bytes.
const (
	aheadPieces = 4
	aheadBytes  = 64 << 10
)

// ahead reads in a goroutine of its own, so that the work of the decoder and
// of the hashes is done while the consumer does its own.
type ahead struct {
	empty chan []byte
	full  chan piece
	quit  chan struct{} // closed when nobody reads any more
	done  chan struct{} // closed when the goroutine has ended

	buf  []byte // the piece being read, to be given back
	rest piece  // what is left of it
}

// piece is some bytes, and the error behind them.
type piece struct {
	b   []byte
	err error
}

func readAhead(read func([]byte) (int, error)) *ahead {
	a := &ahead{
		empty: make(chan []byte, aheadPieces), full: make(chan piece, aheadPieces),
		quit: make(chan struct{}), done: make(chan struct{}),
	}
	for range aheadPieces {
		a.empty <- make([]byte, aheadBytes)
	}
	go a.run(read)
	return a
}

func (a *ahead) run(read func([]byte) (int, error)) {
	defer close(a.done)
	for {
		var p piece
		select {
		case p.b = <-a.empty:
		case <-a.quit:
			return
		}
		n := 0
		for n < len(p.b) && p.err == nil {
			var more int
			more, p.err = read(p.b[n:])
			n += more
		}
		p.b = p.b[:n]
		a.full <- p // there is room for every piece
		if p.err != nil {
			return
		}
	}
}

// Read gives what was read, and its error at the end and ever after.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest.b) == 0 {
		if a.rest.err != nil {
			return 0, a.rest.err
		}
		if a.buf != nil {
			a.empty <- a.buf
		}
		a.rest = <-a.full
		a.buf = a.rest.b[:cap(a.rest.b)]
	}
	n := copy(p, a.rest.b)
	a.rest.b = a.rest.b[n:]
	return n, nil
}

// stop ends the goroutine and waits for it; a read that waits must have been
// ended before.
func (a *ahead) stop() {
	close(a.quit)
	<-a.done
}

var _ io.Reader = (*ahead)(nil)
