package stages

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/pipeline"
)

// Sync is a whole sync of one repository: units that are not known are saved, their artifacts are downloaded, or only
// recorded, and what the first stage emitted is the repository's next version. A Sync is used once.
type Sync struct {
	// Store keeps the units and the versions.
	Store store.Versioned
	// Repository is the name of the repository in the store; not empty.
	Repository string
	// Locate is where an artifact can be had, as it is recorded, without credentials; nil records its path.
	Locate func(contentmodel.Artifact) string
	// Fetcher downloads artifacts into Folder, of up to Downloads units at once. Without one they are recorded only, and
	// downloaded when somebody asks for them: the policy on_demand.
	Fetcher   Fetcher
	Folder    *artifact.Folder
	Downloads int
	// Delay is how long Save waits after each batch: see there.
	Delay time.Duration
	// Known and Saved count units, Downloaded artifacts. They may be read while the sync runs.
	Known      Known
	Saved      Saved
	Downloaded Downloaded

	sums sync.Map // by path, the checksums of artifacts of units in flight that have none declared
}

// Run runs the sync and publishes the version, which the repository has then: where nothing changed, the one it had. When
// the sync fails, the version before stays the newest, and all that was saved stays for the next try. The report is never
// nil. See [pipeline.Run] for cfg, the first stage, and errors.
func (s *Sync) Run(ctx context.Context, cfg pipeline.Config[contentmodel.Unit], first pipeline.FirstStage[contentmodel.Unit]) (v store.Version, rep *pipeline.Report, err error) {
	rep = new(pipeline.Report)
	draft, err := s.Store.Begin(ctx, s.Repository)
	if err != nil {
		return v, rep, err
	}
	defer func() { err = errors.Join(err, draft.Discard()) }()
	if rep, err = pipeline.Run(ctx, cfg, first, s.stages(draft)...); err != nil {
		return v, rep, err
	}
	v, err = draft.Publish(ctx)
	return v, rep, err
}

// stages are those behind the first, in the order in which units pass them. A unit is saved before it is downloaded: a
// process that is killed then has it to do again, but not to find out.
func (s *Sync) stages(draft store.Draft) []pipeline.Stage[contentmodel.Unit] {
	all := []pipeline.Stage[contentmodel.Unit]{s.query(draft), Save(s.Store, 0, s.Delay, &s.Saved)}
	if s.Fetcher != nil {
		all = append(all, Download(&summing{s.Fetcher, &s.sums}, s.Downloads, &s.Downloaded))
	}
	return append(all,
		pipeline.InBatches("associate", 0, func(ctx context.Context, units []contentmodel.Unit) error {
			return s.associate(ctx, draft, units)
		}),
	)
}

// query has units end that are known, and that need nothing but to be part of the version.
func (s *Sync) query(draft store.Draft) pipeline.Stage[contentmodel.Unit] {
	return pipeline.Filter("query", 0, func(ctx context.Context, units []contentmodel.Unit, found []bool) error {
		if err := s.Store.Existing(ctx, units, found); err != nil {
			return err
		}
		s.Known.add(found)
		known := make([]contentmodel.Unit, 0, len(units))
		for i, u := range units {
			if !found[i] {
				continue
			}
			lacks, err := s.lacks(u)
			if err != nil {
				return err
			}
			if found[i] = !lacks; !lacks {
				known = append(known, u)
			}
		}
		return s.associate(ctx, draft, known)
	})
}

// lacks reports whether an artifact of a unit is to be downloaded and is not there: the sync that saved the unit had another
// policy, or was killed.
func (s *Sync) lacks(u contentmodel.Unit) (bool, error) {
	has, ok := u.(contentmodel.HasArtifacts)
	if s.Fetcher == nil || !ok {
		return false, nil
	}
	for a := range has.Artifacts() {
		if a.Sum == "" {
			return true, nil
		}
		if there, err := s.Folder.Has(a.Sum, a.Size); err != nil || !there {
			return true, err
		}
	}
	return false, nil
}

// associate has the version have units, which are saved, and records their artifacts: also those of units that are known,
// for what they may be had from changes.
func (s *Sync) associate(ctx context.Context, draft store.Draft, units []contentmodel.Unit) error {
	if len(units) == 0 {
		return nil
	}
	if err := s.Store.SaveArtifacts(ctx, s.artifacts(units)); err != nil {
		return err
	}
	return draft.Add(ctx, units)
}

// artifacts are those of units, as they are recorded.
func (s *Sync) artifacts(units []contentmodel.Unit) (all []store.Artifact) {
	for _, u := range units {
		has, ok := u.(contentmodel.HasArtifacts)
		if !ok {
			continue
		}
		for a := range has.Artifacts() {
			if sum, ok := s.sums.LoadAndDelete(a.Path); ok {
				a.Sum = sum.(contentmodel.Checksum)
			}
			all = append(all, store.Artifact{Of: store.Name{Kind: u.Kind(), Key: u.Key()}, Artifact: a, URL: s.locate(a), Kept: s.Fetcher != nil})
		}
	}
	return all
}

// locate is where an artifact can be had.
func (s *Sync) locate(a contentmodel.Artifact) string {
	if s.Locate == nil {
		return a.Path
	}
	return s.Locate(a)
}

// summing notes the checksums that artifacts turn out to have where none is declared.
type summing struct {
	Fetcher
	sums *sync.Map
}

func (f *summing) Fetch(ctx context.Context, a contentmodel.Artifact) (artifact.Result, error) {
	res, err := f.Fetcher.Fetch(ctx, a)
	if err == nil && a.Sum == "" {
		f.sums.Store(a.Path, res.Sum)
	}
	return res, err
}
