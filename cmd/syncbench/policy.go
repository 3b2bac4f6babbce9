package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/artifact"
	contentsource "github.com/syncmem/syncmem/contentmodel/source"
	"github.com/syncmem/syncmem/internal/bytesize"
)

// The policies of --policy. Without one only units are synced, and no version is published.
const (
	policyOnDemand  = "on_demand" // artifacts are recorded, for whoever asks for one
	policyImmediate = "immediate" // and downloaded
)

var policies = []string{policyOnDemand, policyImmediate}

// registerPolicy makes the flags of a whole sync.
func (o *options) registerPolicy(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.policy, "policy", "", "sync the repository whole, and publish a version of it: with its artifacts recorded only (`on_demand`), or downloaded, too (immediate) (default: units alone)")
	f.StringVar(&o.repository, "repository", "", "the `name` of the repository in the store, with --policy (default: the source)")
	f.StringVar(&o.artifacts, "artifacts", "", "the `folder` that artifacts are kept in, with --policy immediate (default: one that is removed afterwards)")
	f.StringArrayVar(&o.mirrors, "mirror", nil, "download artifacts from below that `URL` or path, with --policy; give it again for one to try next (default: the source's own)")
	f.IntVar(&o.downloads, "downloads", 10, "how many artifacts are downloaded at `once`")
}

// checkPolicy says what is wrong with those flags before anything is opened.
func (o *options) checkPolicy() error {
	switch {
	case o.policy == "" && (o.repository != "" || o.artifacts != "" || len(o.mirrors) > 0):
		return errors.New("--repository, --artifacts and --mirror mean nothing without --policy: add --policy on_demand or immediate")
	case o.policy == "":
		return nil
	case !slices.Contains(policies, o.policy):
		return fmt.Errorf("--policy: %q is not one of %s", o.policy, strings.Join(policies, ", "))
	case o.policy != policyImmediate && o.artifacts != "":
		return errors.New("--artifacts means nothing with --policy on_demand, which downloads none")
	case o.downloads < 1:
		return fmt.Errorf("--downloads %d: want 1 or more", o.downloads)
	case slices.Contains(o.mirrors, ""):
		return errors.New("--mirror: want a URL or a path")
	case o.policy == policyImmediate && o.synth != nil:
		return fmt.Errorf("--policy immediate: %s has no artifacts: write them with syncbench gen --artifacts, and sync that", o.sourceName())
	}
	return nil
}

// openWhole makes the sync ready for its policy.
func (s *oneSync) openWhole(ctx context.Context) (err error) {
	if s.o.policy == "" {
		return nil
	}
	s.whole.Store, s.whole.Delay = s.store, s.src.sink
	s.whole.Repository = cmp.Or(s.o.repository, s.o.sourceName())
	s.whole.Locate = locator(s.roots()[0])
	if s.before, err = s.store.Latest(ctx, s.whole.Repository); err != nil {
		return err
	}
	if s.o.policy == policyImmediate {
		return s.openArtifacts()
	}
	return nil
}

// openArtifacts opens the folder, and what downloads into it.
func (s *oneSync) openArtifacts() (err error) {
	dir := s.o.artifacts
	if dir == "" {
		var remove func()
		if dir, remove, err = temporaryFolder(); err != nil {
			return fmt.Errorf("no room for artifacts: %w; name a folder with --artifacts", err)
		}
		s.leave = append(s.leave, remove)
	}
	if s.whole.Folder, err = artifact.Open(dir, artifact.FolderOptions{}); err != nil {
		return err
	}
	s.leave = append(s.leave, func() { s.whole.Folder.Close() })
	o := artifact.Options{Folder: s.whole.Folder, StallTimeout: s.o.stall, Charge: func(n int64) func() { return s.account.Charge(n) }}
	for _, root := range s.roots() {
		if root != "" {
			o.Mirrors = append(o.Mirrors, artifact.Mirror{Location: root})
		}
	}
	d, err := artifact.New(o)
	if err != nil {
		return fmt.Errorf("%w; name where the artifacts are with --mirror", err)
	}
	s.leave = append(s.leave, d.Close)
	s.whole.Fetcher, s.whole.Downloads = d, s.o.downloads
	return nil
}

// roots are where the paths of artifacts begin, in the order in which they are tried.
func (s *oneSync) roots() []string {
	if len(s.o.mirrors) > 0 {
		return s.o.mirrors
	}
	return []string{s.src.root}
}

// locator tells where an artifact is below a root, without what is secret.
func locator(root string) func(contentmodel.Artifact) string {
	u, err := url.Parse(root)
	local := err != nil || u.Host == ""
	if !local {
		u.User, u.RawQuery = nil, ""
	}
	return func(a contentmodel.Artifact) string {
		switch {
		case strings.Contains(a.Path, "://"):
			return contentsource.Redact(a.Path)
		case local:
			return path.Join(root, a.Path)
		}
		return u.JoinPath(a.Path).String()
	}
}

// wholeSync is what became of the repository, in figures. Amounts are bytes.
type wholeSync struct {
	Policy     string `json:"policy"`
	Repository string `json:"repository"`
	Version    int64  `json:"version"` // 0: none was published
	Units      int64  `json:"units"`   // that it has
	Added      int64  `json:"added"`   // that the version before has not
	Removed    int64  `json:"removed"`
	Artifacts  int64  `json:"artifacts_downloaded"`
	Bytes      int64  `json:"artifact_bytes"` // of those
	Kept       int64  `json:"artifacts_kept"` // that were there already
	Retries    int64  `json:"retries"`
}

// published is what became of the repository, nil without a policy.
func (s *oneSync) published() *wholeSync {
	if s.o.policy == "" {
		return nil
	}
	v, d := s.version, &s.whole.Downloaded
	if v.Number == s.before.Number { // nothing has changed
		v.Added, v.Removed = 0, 0
	}
	return &wholeSync{
		s.o.policy, s.whole.Repository, v.Number, v.Units, v.Added, v.Removed,
		d.Artifacts(), d.Bytes(), d.Kept(), d.Retries(),
	}
}

// print shows it as rows.
func (w *wholeSync) print(row func(name, format string, args ...any)) {
	if w == nil {
		return
	}
	switch {
	case w.Version > 0 && w.Added == 0 && w.Removed == 0:
		row("version", "%d of %s: %d units, nothing has changed", w.Version, w.Repository, w.Units)
	case w.Version > 0:
		row("version", "%d of %s: %d units (%d added, %d removed)", w.Version, w.Repository, w.Units, w.Added, w.Removed)
	default:
		row("version", "none was published of %s", w.Repository)
	}
	if w.Policy == policyImmediate {
		row("artifacts", "%d downloaded, %s; %d were there; %d retries", w.Artifacts, bytesize.Format(w.Bytes), w.Kept, w.Retries)
	}
}
