package stages

import (
	"context"
	"sync/atomic"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
	"github.com/syncmem/syncmem/pipeline"
)

// Fetcher has an artifact be where it is kept. It must be safe for concurrent use. An [artifact.Downloader] is one.
type Fetcher interface {
	Fetch(ctx context.Context, a contentmodel.Artifact) (artifact.Result, error)
}

// Downloaded counts what [Download] did. It is safe for concurrent use.
type Downloaded struct{ artifacts, bytes, kept, retries atomic.Int64 }

// Artifacts returns how many were downloaded.
func (d *Downloaded) Artifacts() int64 { return d.artifacts.Load() }

// Bytes returns how many bytes those have.
func (d *Downloaded) Bytes() int64 { return d.bytes.Load() }

// Kept returns how many artifacts were there already.
func (d *Downloaded) Kept() int64 { return d.kept.Load() }

// Retries returns how often a server was asked again, also in vain.
func (d *Downloaded) Retries() int64 { return d.retries.Load() }

func (d *Downloaded) add(r artifact.Result, err error) {
	if d == nil {
		return
	}
	d.retries.Add(int64(r.Retries))
	switch {
	case err != nil:
	case r.Kept:
		d.kept.Add(1)
	default:
		d.artifacts.Add(1)
		d.bytes.Add(r.Bytes)
	}
}

// Download emits each unit once all its artifacts are there. It fetches those of up to n units at once (less than 1 is taken as 1),
// of one unit one after the other. Units overtake each other: one slow download holds up no other unit, and a unit without
// artifacts passes at once, until n units download and one more waits for its turn. An error of f ends the run. A nil f downloads
// nothing, for artifacts that are fetched when somebody asks for them. counts may be nil.
func Download(f Fetcher, n int, counts *Downloaded) pipeline.Stage[contentmodel.Unit] {
	n = max(1, n)
	slots := make(chan struct{}, n)
	// One worker more than may download is for the units that have nothing to download.
	return pipeline.EachN("download", n+1, func(ctx context.Context, u contentmodel.Unit) error {
		has, ok := u.(contentmodel.HasArtifacts)
		if f == nil || !ok {
			return nil
		}
		mine := false
		defer func() {
			if mine {
				<-slots
			}
		}()
		for a := range has.Artifacts() {
			if !mine {
				select {
				case slots <- struct{}{}:
					mine = true
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			res, err := f.Fetch(ctx, a)
			if counts.add(res, err); err != nil {
				return err
			}
		}
		return nil
	})
}

var _ Fetcher = (*artifact.Downloader)(nil)
