package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"runtime/pprof"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

// never stands for whatever a stage calls that does not answer.
func never(ctx context.Context) { <-ctx.Done() }

// A stage that hangs is named in the report of the stall, with its place, also when it works in several
// goroutines; the stages that wait for it are told apart from it.
func TestHungStageIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := memacct.New(memacct.Config{Limit: memacct.Content(300), Logger: slog.New(slog.DiscardHandler)})
		require.NoError(t, err)
		cfg := Config[*unit]{Account: b.Account("test"), Size: size, Depth: 4}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := Run(ctx, cfg, emit(1000),
				Each("query", func(context.Context, *unit) error { return nil }),
				EachN("download", 3, func(ctx context.Context, u *unit) error { never(ctx); return nil }),
				Each("save", func(context.Context, *unit) error { return nil }))
			done <- err
		}()
		time.Sleep(50 * time.Second)
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
		require.NoError(t, b.Close(t.Context()))
		require.Greater(t, len(b.Events()), 1) // the first is the opening
		text := b.Events()[1].Text
		t.Log("\n" + text)
		require.Regexp(t, `^nothing moved for \d+s: deadlock: "download" \(from test/download\) has 3 units \(30 B\) in hand for \d+s, at pipeline.never report_test.go:\d+ \[chan receive\]`, text)
		require.Regexp(t, `stage  download x3  works +pipeline.never`, text)
		// The function that emit returns: Go 1.26 names it after the test that emit was inlined into.
		require.Regexp(t, `stage  first +waits in a put +pipeline\.(emit|TestHung)`, text)
		require.Regexp(t, `stage  query +waits in a put`, text)
		require.Regexp(t, `stage  save +waits for a unit`, text)
	})
}

func TestStagesAreLabelled(t *testing.T) {
	cfg, clean := config(t, 300)
	_, err := Run(t.Context(), cfg, emit(1), Each("look", func(ctx context.Context, _ *unit) error {
		name, _ := pprof.Label(ctx, memacct.LabelStage)
		require.Equal(t, "look", name)
		account, _ := pprof.Label(ctx, memacct.LabelAccount)
		require.Equal(t, "test", account)
		return nil
	}))
	require.NoError(t, err)
	clean()
}

// What the last stage emitted has ended, also where it breaks off in the middle of a batch.
func TestUnitsEmittedBeforeTheEndAreInTheReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, clean := config(t, 300)
		boom := errors.New("boom")
		rep, err := Run(t.Context(), cfg, emit(20), stageFunc{"last", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
			for us := range in.Batches(ctx, 10) {
				for _, u := range us[:3] {
					if err := out.Put(ctx, u); err != nil {
						return err
					}
				}
				return boom
			}
			return nil
		}})
		require.ErrorIs(t, err, boom)
		require.EqualValues(t, 3, rep.Ended)
		clean()
	})
}

// A pointer that is emitted twice may be in two hands of the next stage at once. Each answers for its own.
func TestTheSamePointerTwice(t *testing.T) {
	for _, workers := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			cfg, clean := config(t, 1000)
			cfg.Depth = 2
			twice := stageFunc{"twice", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
				for u := range in.All(ctx) {
					for range 2 {
						if err := out.Put(ctx, u); err != nil {
							return err
						}
					}
				}
				return ctx.Err()
			}}
			half := stageFunc{"half", func(ctx context.Context, in *In[*unit], out *Out[*unit]) error {
				var all sync.WaitGroup
				for range workers {
					all.Go(func() {
						drop := false
						for u := range in.All(ctx) {
							if drop = !drop; drop {
								time.Sleep(time.Millisecond) // and another hand emits it meanwhile
							} else {
								_ = out.Put(ctx, u)
							}
							if s := cfg.Account.Stats(); s.Used < 0 || s.Units < 0 {
								t.Error("fewer than none:", s.Used, "bytes in", s.Units, "units")
							}
						}
					})
				}
				all.Wait()
				return ctx.Err()
			}}
			rep, err := Run(t.Context(), cfg, emit(500), twice, half,
				Each("slow", func(context.Context, *unit) error { time.Sleep(time.Millisecond); return nil }))
			require.NoError(t, err)
			require.NotZero(t, rep.Ended)
			clean()
		})
	}
}
