package postgres

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// answerParam is the parameter of a DSN that says how long the server may send and take nothing.
	answerParam = "answer_timeout"
	// answerTimeout is its default: no statement of ours works as long without a byte, but for Count of a huge table.
	answerTimeout = 2 * time.Minute
	// closeGrace is how long a server may take to hear that connections end. pgx would give it 15 seconds.
	closeGrace = 300 * time.Millisecond
)

// conns are the connections of one store, while they are open. Neither a frozen server nor what pgx does to part from
// it in good order holds anybody up for longer than they allow.
type conns struct {
	answer time.Duration // 0 for any
	cutAt  atomic.Int64  // when one was cut because its server did not answer, in nanoseconds since 1970

	mu   sync.Mutex
	open map[*conn]struct{}
	over bool // no more are made
}

// dialer dials, and knows what was dialled.
func (cs *conns) dialer(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		raw, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c := &conn{Conn: raw, all: cs}
		cs.mu.Lock()
		defer cs.mu.Unlock()
		if cs.over {
			_ = raw.Close()
			return nil, net.ErrClosed
		}
		cs.open[c] = struct{}{}
		return c, nil
	}
}

// silent reports whether a call that failed just now did so because its connection was cut. Not all errors that pgx makes
// of that say so.
func (cs *conns) silent() bool { return time.Since(time.Unix(0, cs.cutAt.Load())) < time.Second }

// cut closes what is open, and lets nothing be dialled any more.
func (cs *conns) cut() {
	cs.mu.Lock()
	cs.over = true
	all := make([]*conn, 0, len(cs.open))
	for c := range cs.open {
		all = append(all, c)
	}
	cs.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
}

// conn is a connection that is cut when its server neither sends nor takes anything for too long while it is waited for.
type conn struct {
	net.Conn
	all *conns

	mu    sync.Mutex
	waits int // calls of Read and Write that run
	timer *time.Timer
}

func (c *conn) Read(p []byte) (int, error) {
	c.waiting(1)
	defer c.waiting(-1)
	return c.Conn.Read(p)
}

func (c *conn) Write(p []byte) (int, error) {
	c.waiting(1)
	defer c.waiting(-1)
	return c.Conn.Write(p)
}

// waiting counts who waits, and begins the time anew: the one who came or went made progress.
func (c *conn) waiting(more int) {
	if c.all.answer <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits += more
	switch {
	case c.waits == 0:
		c.timer.Stop()
	case c.timer == nil:
		c.timer = time.AfterFunc(c.all.answer, func() {
			c.all.cutAt.Store(time.Now().UnixNano())
			_ = c.Close()
		})
	default:
		c.timer.Reset(c.all.answer)
	}
}

func (c *conn) Close() error {
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.all.mu.Unlock()
	return c.Conn.Close()
}

// parseAnswer takes our parameter out of what is sent to the server.
func parseAnswer(params map[string]string) (time.Duration, error) {
	s, ok := params[answerParam]
	if !ok {
		return answerTimeout, nil
	}
	delete(params, answerParam)
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s=%q: want a time such as 30s or 10m, or 0s for none", answerParam, s)
	}
	return d, nil
}
