package stages

import (
	"context"
	"errors"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/pipeline"
)

// Sync is a whole sync of one repository: units that are not known are saved, their artifacts are recorded, or
// downloaded, too, and what the first stage emitted is the repository's next version. A Sync is used once.
type Sync struct {
	// Store keeps the units and the versions.
	Store store.Versioned
	// Repository is the name of the repository in the store; not empty.
	Repository string
	// Locate is where an artifact can be had, as it is recorded, without credentials; nil records its path.
	Locate func(contentmodel.Artifact) string
	// Known and Saved count units. They may be read while the sync runs.
	Known Known
	Saved Saved
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
	return []pipeline.Stage[contentmodel.Unit]{
		s.query(draft),
		Save(s.Store, 0, 0, &s.Saved),
		pipeline.InBatches("associate", 0, func(ctx context.Context, units []contentmodel.Unit) error {
			return s.associate(ctx, draft, units)
		}),
	}
}

// query has units end that are known, and that need nothing but to be part of the version.
func (s *Sync) query(draft store.Draft) pipeline.Stage[contentmodel.Unit] {
	return pipeline.Filter("query", 0, func(ctx context.Context, units []contentmodel.Unit, found []bool) error {
		if err := s.Store.Existing(ctx, units, found); err != nil {
			return err
		}
		known := make([]contentmodel.Unit, 0, len(units))
		for i, u := range units {
			if found[i] {
				known = append(known, u)
			}
		}
		s.Known.add(found)
		return s.associate(ctx, draft, known)
	})
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
			all = append(all, store.Artifact{Of: store.Name{Kind: u.Kind(), Key: u.Key()}, Artifact: a, URL: s.locate(a)})
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
