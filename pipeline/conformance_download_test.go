package pipeline

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// downloading is a stage of three workers behind units whose n is the seconds that each takes.
type downloading struct {
	t         *testing.T
	running   atomic.Int32
	most      atomic.Int32
	cancelled atomic.Int32
	failAt    int // the unit of so many seconds fails at its end; -1 for none

	mu  sync.Mutex
	out []int // in the order in which they went on
}

func (d *downloading) download(ctx context.Context, u *unit) error {
	if u.n == 0 {
		return nil
	}
	n := d.running.Add(1)
	defer d.running.Add(-1)
	d.most.Store(max(n, d.most.Load()))
	select {
	case <-ctx.Done():
		d.cancelled.Add(1)
		return ctx.Err()
	case <-time.After(time.Duration(u.n) * time.Second):
	}
	if u.n == d.failAt {
		return errDownload
	}
	return nil
}

var errDownload = errors.New("download failed")

// run runs it, and look at some moments, in seconds since the start.
func (d *downloading) run(ctx context.Context, seconds []int, look map[float64]func()) error {
	cfg, clean := config(d.t, 1<<20)
	for at, look := range look {
		time.AfterFunc(time.Duration(at*float64(time.Second)), look)
	}
	_, err := Run(ctx, cfg, func(ctx context.Context, out *Out[*unit]) error {
		for _, s := range seconds {
			if err := out.Put(ctx, &unit{s, 10}); err != nil {
				return err
			}
		}
		return nil
	}, EachN("download", 3, d.download), Each("out", func(_ context.Context, u *unit) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.out = append(d.out, u.n)
		return nil
	}))
	clean()
	require.Zero(d.t, d.running.Load(), "a download outlived the run")
	return err
}

// outs is how many went on so far.
func (d *downloading) outs() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.out)
}

func TestConformanceDownloads(t *testing.T) {
	sparse := append(append([]int{100}, make([]int, 99)...), append([]int{100}, make([]int, 99)...)...)
	for name, row := range map[string]func(t *testing.T, d *downloading){
		"downloads: 28 units, every third takes its number of seconds, 3 at once": func(t *testing.T, d *downloading) {
			var seconds []int
			for i := range 28 {
				seconds = append(seconds, 0)
				if i%3 == 0 {
					seconds[i] = i
				}
			}
			busy := func() { require.EqualValues(t, 3, d.running.Load()) }
			start := time.Now()
			require.NoError(t, d.run(t.Context(), seconds, map[float64]func(){0.5: busy, 10.5: busy, 20.5: busy, 35.5: busy}))
			require.Len(t, d.out, 28)
			require.EqualValues(t, 3, d.most.Load())
			require.Equal(t, 54*time.Second, time.Since(start)) // 3+12+21, 6+15+24 and 9+18+27 of the three workers
		},
		"multi artifact downloads: a worker is a unit's, and one without any goes on at once": func(t *testing.T, d *downloading) {
			start := time.Now()
			require.NoError(t, d.run(t.Context(), []int{5, 0, 2}, map[float64]func(){
				0.5: func() { require.Equal(t, 1, d.outs()); require.EqualValues(t, 2, d.running.Load()) },
				2.5: func() { require.Equal(t, 2, d.outs()); require.EqualValues(t, 1, d.running.Load()) },
			}))
			require.Equal(t, 5*time.Second, time.Since(start))
		},
		"sparse batches don't block the stage: 99 pass one that is slow, 198 pass two": func(t *testing.T, d *downloading) {
			require.NoError(t, d.run(t.Context(), sparse[:100], map[float64]func(){1: func() {
				require.Equal(t, 99, d.outs())
			}}))
			d.out = nil
			require.NoError(t, d.run(t.Context(), sparse, map[float64]func(){1: func() {
				require.Equal(t, 198, d.outs())
				require.EqualValues(t, 2, d.running.Load())
			}}))
		},
		"cancel: all that run are cancelled": func(t *testing.T, d *downloading) {
			ctx, cancel := context.WithCancel(t.Context())
			require.ErrorIs(t, d.run(ctx, []int{9, 9, 9, 9}, map[float64]func(){1: cancel}), context.Canceled)
			require.EqualValues(t, 3, d.cancelled.Load())
		},
		"exception with empty in_q: what is waited for is no obstacle": func(t *testing.T, d *downloading) {
			d.failAt = 2
			start := time.Now()
			require.ErrorIs(t, d.run(t.Context(), []int{0, 2, 9}, nil), errDownload)
			require.Equal(t, 2*time.Second, time.Since(start))
			require.Equal(t, []int{0}, d.out)
			require.EqualValues(t, 1, d.cancelled.Load())
		},
		"exception with finished in_q": func(t *testing.T, d *downloading) {
			d.failAt = 2
			require.ErrorIs(t, d.run(t.Context(), []int{1, 2}, nil), errDownload)
			require.Equal(t, []int{1}, d.out)
		},
		"exception with saturated content slots: a unit that waits need not begin": func(t *testing.T, d *downloading) {
			d.failAt = 2
			require.ErrorIs(t, d.run(t.Context(), []int{9, 9, 2, 1}, nil), errDownload)
			require.EqualValues(t, 2, d.cancelled.Load())
			require.Empty(t, d.out)
		},
		"download artifact with file: nothing is downloaded, and no time passes": func(t *testing.T, d *downloading) {
			start := time.Now()
			require.NoError(t, d.run(t.Context(), make([]int, 10), nil))
			require.Zero(t, time.Since(start))
			require.Zero(t, d.most.Load())
			require.Len(t, d.out, 10)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { row(t, &downloading{t: t, failAt: -1}) })
		})
	}
}
