package store

import (
	"context"
	"errors"
	"iter"

	"github.com/syncmem/syncmem/contentmodel"
)

// ErrNotKept is returned for units that are to be part of a version before they are saved.
var ErrNotKept = errors.New("not saved yet")

// ErrOver is returned by a draft that was published, given up, or lost with what it lived in.
var ErrOver = errors.New("the draft is over; begin another")

// Versioned is a store that also keeps which units a repository has. What a repository has changes from one version
// to the next, and each version appears whole or not at all: whoever reads never sees half a sync.
//
// However large a version is, a call holds about 1 MiB: versions are compared in the database.
type Versioned interface {
	Store

	// Begin starts the next version of a repository, which has nothing yet; a repository is made with its first
	// version. Drafts of one repository don't see each other. A draft is gone when its process is, however that ends,
	// and when the store is closed. The repository's name must be text of 1 to 1024 bytes without control characters.
	Begin(ctx context.Context, repository string) (Draft, error)

	// Latest is the newest version of a repository; the zero Version, with its name, if it has none.
	Latest(ctx context.Context, repository string) (Version, error)

	// Units yields what a version has, ordered by kind and key in bytes. It ends with an error, ErrNotFound for a
	// version that is not there. Old versions stay as they are. It may read an index of the whole store.
	Units(ctx context.Context, repository string, number int64) iter.Seq2[Name, error]

	// SaveArtifacts records artifacts of units that are kept, all or, on any error, none: ErrNotKept names the first
	// unit that is not. What is recorded of the same unit and path before is replaced, but what is Kept stays kept.
	SaveArtifacts(ctx context.Context, artifacts []Artifact) error

	// Artifacts yields the artifacts that are recorded of a version's units, ordered by kind, key and path in bytes.
	// It ends with an error, ErrNotFound for a version that is not there.
	Artifacts(ctx context.Context, repository string, number int64) iter.Seq2[Artifact, error]
}

// Draft is a version that is being made. Its methods are safe for concurrent use.
type Draft interface {
	// Add has the version have units, which must be kept: ErrNotKept names the first that is not, and none is added.
	// Units that the draft has already are left as they are.
	Add(ctx context.Context, units []contentmodel.Unit) error

	// Publish makes the draft the newest version, compared with the newest there is at that moment. If that has just
	// the same units, it is returned and no version is made; the first version may have none. After an error nothing
	// is published, and it may be tried again, unless the error is ErrOver. Other calls fail with ErrOver afterwards.
	Publish(ctx context.Context) (Version, error)

	// Discard gives up the draft: what was published stays. Defer it. A second call does nothing, nor does one after
	// the store's Close.
	Discard() error
}

// Version says which version of a repository it is, and how it differs from the one before.
type Version struct {
	Repository string
	Number     int64 // from 1; 0: there is none
	Units      int64 // that it has
	Added      int64 // that the one before has not
	Removed    int64 // that only the one before has
}

// Name names a unit.
type Name struct{ Kind, Key string }

// Artifact is what is recorded of an artifact of a unit.
type Artifact struct {
	Of Name
	contentmodel.Artifact
	URL  string // where it can be had, without credentials
	Kept bool   // it was downloaded and verified; else it is downloaded when somebody asks for it
}
