package postgres_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/postgres"
	"github.com/syncmem/syncmem/contentmodel/store/storetest"
)

// freezer stands before the server, and passes nothing on once it is frozen: connections stay open, and new ones are
// taken, as by a machine whose server process was stopped.
type freezer struct {
	dsn    string
	at     atomic.Value // string: freezes when a client sends this; none for never
	frozen chan struct{}
	once   sync.Once
}

func (f *freezer) freeze() { f.once.Do(func() { close(f.frozen) }) }

func newFreezer(t *testing.T, more string) *freezer {
	cfg, err := pgx.ParseConfig(server(t))
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	user := url.UserPassword(cfg.User, cfg.Password)
	f := &freezer{
		dsn:    fmt.Sprintf("postgres://%s@%s/%s?sslmode=disable%s", user, l.Addr(), cfg.Database, more),
		frozen: make(chan struct{}),
	}
	network, address := pgconn.NetworkAddress(cfg.Host, cfg.Port)
	over := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer client.Close()
				backend, err := net.Dial(network, address)
				if err != nil {
					t.Error(err)
					return
				}
				defer backend.Close()
				running.Go(func() { f.pass(backend, client, over) })
				running.Go(func() { f.pass(client, backend, over) })
				<-over
			})
		}
	})
	t.Cleanup(func() { l.Close(); close(over); running.Wait() })
	return f
}

// pass copies until it is frozen, and closes what it copies to at the end of the other.
func (f *freezer) pass(to, from net.Conn, over <-chan struct{}) {
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if at, ok := f.at.Load().(string); ok && bytes.Contains(b[:n], []byte(at)) {
			f.freeze()
		}
		select {
		case <-f.frozen:
			<-over
			return
		default:
		}
		if _, bad := to.Write(b[:n]); bad != nil || err != nil {
			_ = to.Close()
			return
		}
	}
}

// TestFrozenCancel: whatever a call waits for, the end of its context ends it, and Close, although nobody answers.
func TestFrozenCancel(t *testing.T) {
	for name, at := range map[string]string{"in a copy": "", "in a commit": "commit"} {
		t.Run(name, func(t *testing.T) {
			fresh(t)(t).Close()
			f := newFreezer(t, "")
			s, err := postgres.Open(t.Context(), f.dsn)
			require.NoError(t, err)
			if at != "" {
				f.at.Store(at) // opening commits, too
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			large := &storetest.Unit{Name: "large", Len: 32 << 20, Before: sync.OnceFunc(func() {
				if at == "" {
					f.freeze()
				}
			})}
			if at != "" {
				large.Len = 1
			}
			done := make(chan error)
			go func() {
				_, err := s.Save(ctx, append(storetest.Many(0, 10), large))
				done <- err
			}()
			<-f.frozen
			time.Sleep(100 * time.Millisecond)
			cancel()
			began := time.Now()
			err = <-done
			require.ErrorIs(t, err, context.Canceled)
			require.NoError(t, s.Close())
			require.Less(t, time.Since(began), 2*time.Second) // it is one where nothing else runs
		})
	}
}

// TestFrozenTimeout: nobody ends the context, and the server is given up.
func TestFrozenTimeout(t *testing.T) {
	fresh(t)(t).Close()
	f := newFreezer(t, "&answer_timeout=700ms")
	s, err := postgres.Open(t.Context(), f.dsn)
	require.NoError(t, err)
	// A unit that takes longer than that is none of the server's fault, as long as it writes something.
	slow := &storetest.Unit{Name: "slow", Len: 4 << 20, Before: func() { time.Sleep(5 * time.Millisecond) }}
	_, err = s.Save(t.Context(), append(storetest.Many(0, 10), slow))
	require.NoError(t, err)

	f.freeze()
	began := time.Now()
	_, err = s.Save(t.Context(), storetest.Many(10, 20))
	require.ErrorContains(t, err, ": the server did not answer for 700ms; check it and the network, or set answer_timeout, then run again")
	require.NotContains(t, err.Error(), "\n")
	_, err = s.Count(t.Context())
	require.ErrorContains(t, err, "did not answer for 700ms")
	require.NoError(t, s.Close())
	_, err = postgres.Open(t.Context(), f.dsn)
	require.ErrorContains(t, err, "did not answer for 700ms")
	require.Less(t, time.Since(began), 20*time.Second)
}

func TestAnswerTimeout(t *testing.T) {
	for _, bad := range []string{"5", "-1s", "x"} {
		_, err := postgres.Open(t.Context(), "postgres://user@127.0.0.1:1/db?answer_timeout="+bad)
		require.EqualError(t, err, fmt.Sprintf("store postgres: answer_timeout=%q: want a time such as 30s or 10m, or 0s for none", bad))
	}
	fresh(t)
	f := newFreezer(t, "&answer_timeout=0s")
	s, err := postgres.Open(t.Context(), f.dsn)
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

// TestFrozenDraft: a server that does not answer ends neither a cancelled call nor the draft's end late, and the next
// sync finds nothing of it.
func TestFrozenDraft(t *testing.T) {
	open := fresh(t)
	before := open(t)
	defer before.Close()
	_, err := before.Save(t.Context(), storetest.Many(0, 100))
	require.NoError(t, err)
	for _, at := range []string{"unnest", "ANALYZE", "commit"} {
		f := newFreezer(t, "&answer_timeout=1m")
		s, err := postgres.Open(t.Context(), f.dsn)
		require.NoError(t, err)
		d, err := s.Begin(t.Context(), at) // the server may hold the lock of the one before
		require.NoError(t, err)
		if at != "unnest" { // which is sent once: the statement is prepared
			require.NoError(t, d.Add(t.Context(), storetest.Many(0, 50)))
		}
		f.at.Store(at)
		ctx, cancel := context.WithCancel(t.Context())
		stop := context.AfterFunc(t.Context(), cancel)
		go func() { <-f.frozen; cancel() }()
		began := time.Now()
		if at == "unnest" {
			err = d.Add(ctx, storetest.Many(50, 50))
		} else {
			_, err = d.Publish(ctx)
		}
		require.ErrorIs(t, err, context.Canceled, at)
		_, err = d.Publish(t.Context())
		require.ErrorIs(t, err, store.ErrOver, at)
		require.ErrorContains(t, err, "the connection that the draft lived on is gone")
		require.NoError(t, d.Discard())
		require.NoError(t, s.Close())
		require.Less(t, time.Since(began), 30*time.Second) // it is three where nothing else runs
		stop()
		cancel()
		v, err := before.Latest(t.Context(), at)
		require.NoError(t, err)
		require.Zero(t, v.Number, at)
	}
}
