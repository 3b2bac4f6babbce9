package stages_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
	"github.com/syncmem/syncmem/pipeline"
	"github.com/syncmem/syncmem/pipeline/stages"
)

// having is a unit that has these artifacts.
type having struct {
	key   string
	paths []string
}

func (h *having) Kind() string              { return "having" }
func (h *having) Key() string               { return h.key }
func (h *having) WriteBody(io.Writer) error { return nil }
func (h *having) Artifacts() iter.Seq[contentmodel.Artifact] {
	return func(yield func(contentmodel.Artifact) bool) {
		for _, p := range h.paths {
			if !yield(contentmodel.Artifact{Path: p, Size: 10}) {
				return
			}
		}
	}
}

// slow takes as long as the path of an artifact says, such as 3s; "kept" is there already, and "broken:1s" fails after that time.
type slow struct {
	running, started, cancelled atomic.Int64
}

var errFetch = errors.New("no such file")

func (s *slow) Fetch(ctx context.Context, a contentmodel.Artifact) (artifact.Result, error) {
	if a.Path == "kept" {
		return artifact.Result{Kept: true, Bytes: a.Size}, nil
	}
	s.started.Add(1)
	s.running.Add(1)
	defer s.running.Add(-1)
	text, broken := strings.CutPrefix(a.Path, "broken:")
	d, err := time.ParseDuration(text)
	if err != nil {
		return artifact.Result{}, err
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		s.cancelled.Add(1)
		return artifact.Result{}, ctx.Err()
	}
	if broken {
		return artifact.Result{Retries: 1}, errFetch
	}
	return artifact.Result{Bytes: a.Size, Retries: 2}, nil
}

// downloads is a run of the stage in the background.
type downloads struct {
	slow   slow
	counts stages.Downloaded
	out    atomic.Int64 // units that came out
	cancel context.CancelFunc
	ended  chan error
}

// download runs the stage over units, three at once, in a bubble of its own whose clock the test moves.
func download(t *testing.T, units []contentmodel.Unit, look func(t *testing.T, d *downloads)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		d := &downloads{cancel: cancel, ended: make(chan error, 1)}
		cfg := config(t)
		cfg.Depth = 1000
		go func() {
			_, err := pipeline.Run(ctx, cfg, func(ctx context.Context, out *pipeline.Out[contentmodel.Unit]) error {
				for _, u := range units {
					if err := out.Put(ctx, u); err != nil {
						return err
					}
				}
				return nil
			}, stages.Download(&d.slow, 3, &d.counts), pipeline.Each("count", func(context.Context, contentmodel.Unit) error {
				d.out.Add(1)
				return nil
			}))
			d.ended <- err
		}()
		look(t, d)
		cancel()
		synctest.Wait()
		require.Zero(t, d.slow.running.Load())
	})
}

// after lets time pass, and then everything happen that is due.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func unit(key int, paths ...string) contentmodel.Unit { return &having{fmt.Sprint(key), paths} }

// TestDownloads: every third unit downloads, for as many seconds as its number says. Three always do, until there are no more.
func TestDownloads(t *testing.T) {
	var units []contentmodel.Unit
	for i := range 28 {
		if i%3 == 0 {
			units = append(units, unit(i, fmt.Sprintf("%ds", i)))
		} else {
			units = append(units, unit(i))
		}
	}
	download(t, units, func(t *testing.T, d *downloads) {
		after(500 * time.Millisecond)
		require.EqualValues(t, 9, d.out.Load(), "0 and those between that have nothing to download, up to 12, which waits")
		for range 36 {
			require.EqualValues(t, 3, d.slow.running.Load())
			after(time.Second)
		}
		require.NoError(t, <-d.ended)
		require.EqualValues(t, 28, d.out.Load())
		require.EqualValues(t, 10, d.counts.Artifacts())
		require.EqualValues(t, 100, d.counts.Bytes())
		require.EqualValues(t, 20, d.counts.Retries())
		require.Zero(t, d.counts.Kept())
	})
}

// TestSeveralArtifacts: it is units that are counted, and a unit comes out when all its artifacts are there.
func TestSeveralArtifacts(t *testing.T) {
	units := []contentmodel.Unit{unit(0, "1s", "2s"), unit(1), unit(2, "1s", "1s", "5s")}
	download(t, units, func(t *testing.T, d *downloads) {
		after(500 * time.Millisecond)
		require.EqualValues(t, 1, d.out.Load())
		require.EqualValues(t, 2, d.slow.running.Load())
		after(2 * time.Second)
		require.EqualValues(t, 1, d.out.Load())
		after(time.Second)
		require.EqualValues(t, 2, d.out.Load())
		require.NoError(t, <-d.ended)
		require.EqualValues(t, 3, d.out.Load())
		require.EqualValues(t, 5, d.counts.Artifacts())
	})
}

// TestSlowBlocksNone: one slow download among many quick ones, and then another.
func TestSlowBlocksNone(t *testing.T) {
	var units []contentmodel.Unit
	for i := range 200 {
		path := "0s"
		if i%100 == 0 {
			path = "1h"
		}
		units = append(units, unit(i, path))
	}
	download(t, units[:100], func(t *testing.T, d *downloads) {
		after(time.Second)
		require.EqualValues(t, 99, d.out.Load())
		require.EqualValues(t, 1, d.slow.running.Load())
	})
	download(t, units, func(t *testing.T, d *downloads) {
		after(time.Second)
		require.EqualValues(t, 198, d.out.Load())
		require.EqualValues(t, 2, d.slow.running.Load())
	})
}

// TestDownloadCancelled: all that run are told so.
func TestDownloadCancelled(t *testing.T) {
	var units []contentmodel.Unit
	for i := range 10 {
		units = append(units, unit(i, "1h"))
	}
	download(t, units, func(t *testing.T, d *downloads) {
		after(time.Second)
		d.cancel()
		require.ErrorIs(t, <-d.ended, context.Canceled)
		require.EqualValues(t, 3, d.slow.started.Load())
		require.EqualValues(t, 3, d.slow.cancelled.Load())
		require.Zero(t, d.out.Load())
	})
}

// TestDownloadFails: one failure ends the run, whatever else there is: nothing, units that ended, or units that wait.
func TestDownloadFails(t *testing.T) {
	for name, c := range map[string]struct {
		others []string
		out    int64
	}{
		"alone":     {nil, 0},
		"finished":  {[]string{"0s", "1s"}, 2},
		"saturated": {[]string{"1h", "1h", "1h", "1h", "1h"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			units := []contentmodel.Unit{unit(0, "broken:2s")}
			for i, p := range c.others {
				units = append(units, unit(i+1, p))
			}
			download(t, units, func(t *testing.T, d *downloads) {
				after(2500 * time.Millisecond)
				require.Len(t, d.ended, 1)
				err := <-d.ended
				require.ErrorIs(t, err, errFetch)
				stage, ok := errors.AsType[*pipeline.StageError](err)
				require.True(t, ok)
				require.Equal(t, "download", stage.Stage)
				require.Equal(t, c.out, d.out.Load())
				require.EqualValues(t, 1+2*c.out, d.counts.Retries(), "also in vain")
			})
		})
	}
}

// TestKept: what is there is not downloaded, and counted by itself.
func TestKept(t *testing.T) {
	download(t, []contentmodel.Unit{unit(0, "kept", "1s"), unit(1, "kept")}, func(t *testing.T, d *downloads) {
		require.NoError(t, <-d.ended)
		require.EqualValues(t, 2, d.counts.Kept())
		require.EqualValues(t, 1, d.counts.Artifacts())
		require.EqualValues(t, 10, d.counts.Bytes())
	})
}

// TestOnDemand: without anybody to fetch them, units with artifacts pass.
func TestOnDemand(t *testing.T) {
	units := []contentmodel.Unit{unit(0, "1h"), unit(1)}
	var out []string
	_, err := pipeline.Run(t.Context(), config(t), func(ctx context.Context, o *pipeline.Out[contentmodel.Unit]) error {
		return errors.Join(o.Put(ctx, units[0]), o.Put(ctx, units[1]))
	}, stages.Download(nil, 0, nil), pipeline.Each("see", func(_ context.Context, u contentmodel.Unit) error {
		out = append(out, u.Key())
		return nil
	}))
	require.NoError(t, err)
	slices.Sort(out)
	require.Equal(t, []string{"0", "1"}, out)
}
