package stagetest

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/sqlite"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
	"github.com/syncmem/syncmem/pipeline/stages"
)

func verify(m *testing.M) { goleak.VerifyTestMain(m) }

func emit(n int) pipeline.FirstStage[contentmodel.Unit] {
	return func(ctx context.Context, out *pipeline.Out[contentmodel.Unit]) error {
		for i := range n {
			if err := out.Put(ctx, &file.File{Path: strconv.Itoa(i)}); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestAUnitThatIsNotKnownIsMeasuredOnce(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "content.sqlite"))
	require.NoError(t, err)
	defer s.Close()
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(1000), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	var measured atomic.Int64
	cfg := pipeline.Config[contentmodel.Unit]{Account: b.Account("test"), Size: func(contentmodel.Unit) int64 { measured.Add(1); return 10 }}
	_, err = pipeline.Run(t.Context(), cfg, emit(500), stages.Query(s, 7, nil), stages.Save(s, 0, 0, nil))
	require.NoError(t, err)
	require.Equal(t, int64(500), measured.Load())
}

func syncInto(t *testing.T, s store.Store, n int) (rep *pipeline.Report, known, saved int64, err error) {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(1000), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	cfg := pipeline.Config[contentmodel.Unit]{Account: b.Account("test"), Size: func(contentmodel.Unit) int64 { return 10 }}
	var k stages.Known
	var sv stages.Saved
	rep, err = pipeline.Run(t.Context(), cfg, emit(n), stages.Query(s, 0, &k), stages.Save(s, 0, 0, &sv))
	require.Zero(t, b.Stats().Used)
	return rep, k.Count(), sv.Units(), err
}

func TestSecondSyncSavesNothing(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "content.sqlite"))
	require.NoError(t, err)
	defer s.Close()
	_, known, saved, err := syncInto(t, s, 1000)
	require.NoError(t, err)
	require.Zero(t, known)
	require.Equal(t, int64(1000), saved)
	rep, known, saved, err := syncInto(t, s, 1200)
	require.NoError(t, err)
	require.Equal(t, int64(1000), known)
	require.Equal(t, int64(200), saved)
	require.Equal(t, int64(200), rep.Ended)
	n, err := s.Count(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(1200), n)
}

type broken struct{ store.Store }

func (broken) Save(context.Context, []contentmodel.Unit) (int, error) {
	return 0, errors.New("disk full")
}

func TestStoreErrorNamesTheStage(t *testing.T) {
	_, _, saved, err := syncInto(t, broken{store.Discard()}, 1000)
	require.ErrorContains(t, err, `stage "save": disk full`)
	require.Zero(t, saved)
}
