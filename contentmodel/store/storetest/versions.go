package storetest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
)

// versions are about which units a repository has.
var versions = []testCase{
	{"a version has what was added", (*suite).published},
	{"a version costs its difference, and old ones stay", (*suite).changing},
	{"nothing changed makes no version", (*suite).unchanged},
	{"an empty version", (*suite).emptyVersion},
	{"repositories do not know of each other", (*suite).repositories},
	{"units that are not saved are named, and none is added", (*suite).unsaved},
	{"of a batch with the same units each is added once", (*suite).addedTwice},
	{"odd keys are members", (*suite).oddMembers},
	{"odd names of repositories", (*suite).oddRepositories},
	{"many units of one version come in order", (*suite).ordered},
	{"a version that is not there", (*suite).noVersion},
	{"a draft that is over", (*suite).over},
	{"a draft that is given up leaves nothing", (*suite).givenUp},
	{"two drafts of one repository", (*suite).twoDrafts},
	{"two stores publish at once", (*suite).publishAtOnce},
	{"many drafts at once", (*suite).manyDrafts},
	{"a loop over a version may use the store", (*suite).nested},
	{"a cancelled Add adds nothing", (*suite).cancelledAdd},
	{"a cancel at any moment publishes all or nothing", (*suite).cancelledPublish},
	{"versions are there when the store is opened again", (*suite).versionsReopened},
	{"a closed store has no versions", (*suite).closedVersions},
}

func (s *suite) begin(repository string) store.Draft {
	s.Helper()
	d, err := s.store.Begin(s.Context(), repository)
	require.NoError(s, err)
	s.Cleanup(func() { require.NoError(s, d.Discard()) })
	return d
}

// sync saves units and makes them the next version of a repository.
func (s *suite) sync(repository string, units ...contentmodel.Unit) store.Version {
	s.Helper()
	_, err := s.store.Save(s.Context(), units)
	require.NoError(s, err)
	return s.publish(repository, units...)
}

func (s *suite) publish(repository string, units ...contentmodel.Unit) store.Version {
	s.Helper()
	d := s.begin(repository)
	require.NoError(s, d.Add(s.Context(), units))
	v, err := d.Publish(s.Context())
	require.NoError(s, err)
	return v
}

func (s *suite) wantLatest(want store.Version) {
	s.Helper()
	got, err := s.store.Latest(s.Context(), want.Repository)
	require.NoError(s, err)
	require.Equal(s, want, got)
}

// names are those of units, in the order in which a version has them.
func names(units []contentmodel.Unit) []store.Name {
	all := make([]store.Name, len(units))
	for i, u := range units {
		all[i] = store.Name{Kind: u.Kind(), Key: u.Key()}
	}
	slices.SortFunc(all, compareNames)
	return all
}

func compareNames(a, b store.Name) int {
	return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Key, b.Key))
}

func unitsOf(ctx context.Context, s store.Versioned, repository string, number int64) (all []store.Name, err error) {
	for n, err := range s.Units(ctx, repository, number) {
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// wantUnits checks what a version has, one by one.
func (s *suite) wantUnits(repository string, number int64, want ...contentmodel.Unit) {
	s.Helper()
	got, err := unitsOf(s.Context(), s.store, repository, number)
	require.NoError(s, err)
	require.True(s, slices.Equal(names(want), got), "version %d of %q has %d units, want %d, or others", number, repository, len(got), len(want))
}

func (s *suite) published() {
	s.save(100, Many(0, 100)...)
	s.wantLatest(store.Version{Repository: "r"})
	d := s.begin("r")
	require.NoError(s, d.Add(s.Context(), Many(10, 30)))
	require.NoError(s, d.Add(s.Context(), nil))
	require.NoError(s, d.Add(s.Context(), Many(30, 20)))
	s.wantLatest(store.Version{Repository: "r"})
	want := store.Version{Repository: "r", Number: 1, Units: 40, Added: 40}
	v, err := d.Publish(s.Context())
	require.NoError(s, err)
	require.Equal(s, want, v)
	s.wantLatest(want)
	s.wantUnits("r", 1, Many(10, 40)...)
}

func (s *suite) changing() {
	require.Equal(s, store.Version{Repository: "r", Number: 1, Units: 1000, Added: 1000}, s.sync("r", Many(0, 1000)...))
	require.Equal(s, store.Version{Repository: "r", Number: 2, Units: 995, Added: 5, Removed: 10}, s.sync("r", Many(10, 995)...))
	require.Equal(s, store.Version{Repository: "r", Number: 3, Units: 1005, Added: 10}, s.sync("r", Many(0, 1005)...), "some come back")
	require.Equal(s, store.Version{Repository: "r", Number: 4, Units: 1, Removed: 1004}, s.sync("r", Many(1004, 1)...))
	require.Equal(s, store.Version{Repository: "r", Number: 5, Units: 10, Added: 10, Removed: 1}, s.sync("r", Many(0, 10)...), "for a third time")
	s.wantUnits("r", 1, Many(0, 1000)...)
	s.wantUnits("r", 2, Many(10, 995)...)
	s.wantUnits("r", 3, Many(0, 1005)...)
	s.wantUnits("r", 4, Many(1004, 1)...)
	s.wantUnits("r", 5, Many(0, 10)...)
}

func (s *suite) unchanged() {
	first := s.sync("r", Many(0, 300)...)
	units := Many(0, 300)
	slices.Reverse(units)
	require.Equal(s, first, s.publish("r", units...), "in another order")
	s.wantLatest(first)
	second := s.sync("r", Many(1, 300)...)
	require.Equal(s, int64(2), second.Number)
	require.Equal(s, second, s.publish("r", Many(1, 300)...))
}

func (s *suite) emptyVersion() {
	first := store.Version{Repository: "r", Number: 1}
	require.Equal(s, first, s.publish("r"), "a repository with nothing")
	require.Equal(s, first, s.publish("r"))
	s.wantUnits("r", 1)
	s.sync("r", Many(0, 3)...)
	require.Equal(s, store.Version{Repository: "r", Number: 3, Removed: 3}, s.publish("r"))
	s.wantUnits("r", 2, Many(0, 3)...)
	s.wantUnits("r", 3)
}

func (s *suite) repositories() {
	s.sync("a", Many(0, 10)...)
	s.sync("b", Many(5, 10)...)
	require.Equal(s, store.Version{Repository: "a", Number: 2, Units: 5, Removed: 5}, s.publish("a", Many(0, 5)...))
	s.wantUnits("a", 1, Many(0, 10)...)
	s.wantUnits("b", 1, Many(5, 10)...)
	s.wantLatest(store.Version{Repository: "b", Number: 1, Units: 10, Added: 10})
}

func (s *suite) unsaved() {
	s.save(3000, Many(0, 3000)...)
	d := s.begin("r")
	require.NoError(s, d.Add(s.Context(), Many(0, 5)))
	units := append(Many(0, 2500), &Unit{Type: "odd", Name: "not\nsaved"}, &Unit{Name: "nor this"})
	err := d.Add(s.Context(), append(units, Many(2500, 500)...))
	require.ErrorIs(s, err, store.ErrNotKept)
	require.ErrorContains(s, err, `odd "not\nsaved"`)
	require.NotContains(s, err.Error(), "\n")
	v, err := d.Publish(s.Context())
	require.NoError(s, err)
	require.Equal(s, store.Version{Repository: "r", Number: 1, Units: 5, Added: 5}, v)
	s.wantUnits("r", 1, Many(0, 5)...)
}

func (s *suite) addedTwice() {
	units := append(Many(0, 100), Many(50, 100)...)
	require.Equal(s, int64(150), s.sync("r", append(units, units...)...).Units)
	s.wantUnits("r", 1, Many(0, 150)...)
}

func (s *suite) oddMembers() {
	var units []contentmodel.Unit
	for i, key := range append(nasty, "\xfe", "a\x00c", "a\x00b\x00", strings.Repeat("\x00", 901), strings.Repeat("key", 1<<20)) {
		units = append(units, &Unit{Name: "key" + key, Len: 5 + i, Type: []string{"", "\u00e4", "Test", "a"}[i%4]})
	}
	require.EqualValues(s, len(units), s.sync("r", units...).Units)
	s.wantUnits("r", 1, units...)
	require.EqualValues(s, 1, s.publish("r", units[1:]...).Removed)
	s.wantUnits("r", 2, units[1:]...)
}

func (s *suite) oddRepositories() {
	good := []string{" ", "a", "A", "a ", "'; DROP TABLE version; --", "%", "\u00e4", "a\u0308", "https://example.org/debian?a=b&c", strings.Repeat("x", 1024)}
	for i, name := range good {
		s.sync(name, Many(i, 1+i)...)
	}
	for i, name := range good {
		s.wantLatest(store.Version{Repository: name, Number: 1, Units: int64(1 + i), Added: int64(1 + i)})
		s.wantUnits(name, 1, Many(i, 1+i)...)
	}
	for _, name := range []string{"", "a\x00b", "a\nb", "\xff", strings.Repeat("x", 1025)} {
		_, err := s.store.Begin(s.Context(), name)
		_, latest := s.store.Latest(s.Context(), name)
		_, units := unitsOf(s.Context(), s.store, name, 1)
		for _, err := range []error{err, latest, units} {
			require.ErrorContains(s, err, store.CheckRepository(name).Error())
			require.NotContains(s, err.Error(), "\n")
		}
	}
}

// ordered has more units than are read at once, of two kinds, saved in another order than theirs.
func (s *suite) ordered() {
	var units []contentmodel.Unit
	for i := range 700 {
		units = append(units, &Unit{Type: []string{"b", "a"}[i%2], Name: fmt.Sprint("n", i*7919%700), Len: 1})
	}
	s.sync("r", units...)
	s.wantUnits("r", 1, units...)
	n := 0
	for range s.store.Units(s.Context(), "r", 1) {
		if n++; n == 300 {
			break
		}
	}
	require.Equal(s, 300, n)
}

func (s *suite) noVersion() {
	s.sync("r", Many(0, 3)...)
	for _, of := range []store.Version{{Repository: "r", Number: 2}, {Repository: "r"}, {Repository: "r", Number: -1}, {Repository: "other", Number: 1}} {
		_, err := unitsOf(s.Context(), s.store, of.Repository, of.Number)
		require.ErrorIs(s, err, store.ErrNotFound)
		require.ErrorContains(s, err, fmt.Sprintf("version %d of repository %q", of.Number, of.Repository))
		_, err = artifactsOf(s.Context(), s.store, of.Repository, of.Number)
		require.ErrorIs(s, err, store.ErrNotFound)
	}
}

// wantOver checks that nothing can be done with a draft any more.
func (s *suite) wantOver(d store.Draft) {
	s.Helper()
	require.ErrorIs(s, d.Add(s.Context(), Many(0, 3)), store.ErrOver)
	require.ErrorIs(s, d.Add(s.Context(), nil), store.ErrOver)
	_, err := d.Publish(s.Context())
	require.ErrorIs(s, err, store.ErrOver)
	require.NoError(s, d.Discard())
	require.NoError(s, d.Discard())
}

func (s *suite) over() {
	s.save(3, Many(0, 3)...)
	for range 2 { // the second changes nothing
		d := s.begin("r")
		require.NoError(s, d.Add(s.Context(), Many(0, 3)))
		v, err := d.Publish(s.Context())
		require.NoError(s, err)
		s.wantOver(d)
		s.wantLatest(v)
	}
	d := s.begin("r")
	require.NoError(s, d.Discard())
	s.wantOver(d)
}

func (s *suite) givenUp() {
	first := s.sync("r", Many(0, 3)...)
	d, other := s.begin("r"), s.begin("other")
	require.NoError(s, d.Add(s.Context(), Many(0, 2)))
	require.NoError(s, other.Add(s.Context(), Many(0, 2)))
	require.NoError(s, d.Discard())
	s.wantLatest(first)
	v, err := other.Publish(s.Context())
	require.NoError(s, err)
	require.Equal(s, int64(2), v.Units, "another draft was harmed")
	require.Equal(s, first, s.publish("r", Many(0, 3)...))
}

func (s *suite) twoDrafts() {
	s.save(20, Many(0, 20)...)
	a, b := s.begin("r"), s.begin("r")
	require.NoError(s, a.Add(s.Context(), Many(0, 10)))
	require.NoError(s, b.Add(s.Context(), Many(5, 15)))
	v, err := b.Publish(s.Context())
	require.NoError(s, err)
	require.Equal(s, store.Version{Repository: "r", Number: 1, Units: 15, Added: 15}, v)
	v, err = a.Publish(s.Context())
	require.NoError(s, err)
	require.Equal(s, store.Version{Repository: "r", Number: 2, Units: 10, Added: 5, Removed: 10}, v)
	s.wantUnits("r", 1, Many(5, 15)...)
	s.wantUnits("r", 2, Many(0, 10)...)
}

// publishAtOnce has two stores on the same place, with two writers each, publish versions of one repository: each is one
// that somebody made, whole, and the numbers have no gaps.
func (s *suite) publishAtOnce() {
	const rounds, size = 3, 100
	other := s.open(s.T)
	defer func() { require.NoError(s, other.Close()) }()
	var all sync.WaitGroup
	var mu sync.Mutex
	first := make(map[int64]int) // the first unit of each version
	for writer, st := range []store.Versioned{s.store, s.store, other, other} {
		all.Go(func() {
			for i := range rounds {
				from := (writer*rounds + i) * size / 2
				v, err := syncInto(s.Context(), st, "r", Many(from, size))
				if err != nil {
					s.Error(err)
					return
				}
				mu.Lock()
				first[v.Number] = from
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Len(s, first, 4*rounds)
	for number, from := range first {
		s.wantUnits("r", number, Many(from, size)...)
	}
	s.wantChain("r")
}

// syncInto is sync for any goroutine.
func syncInto(ctx context.Context, st store.Versioned, repository string, units []contentmodel.Unit) (v store.Version, err error) {
	d, err := st.Begin(ctx, repository)
	if err != nil {
		return v, err
	}
	defer d.Discard()
	for batch := range slices.Chunk(units, 50) {
		if _, err := st.Save(ctx, batch); err != nil {
			return v, err
		}
		if err := d.Add(ctx, batch); err != nil {
			return v, err
		}
	}
	return d.Publish(ctx)
}

// wantChain reads all versions of a repository: each is whole, there is none behind the newest, and the newest differs
// from the one before by what it says.
func (s *suite) wantChain(repository string) (last store.Version) {
	s.Helper()
	last, err := s.store.Latest(s.Context(), repository)
	require.NoError(s, err)
	before := make(map[store.Name]bool)
	for n := range last.Number {
		now, err := unitsOf(s.Context(), s.store, repository, n+1)
		require.NoError(s, err)
		kept := 0
		for _, name := range now {
			if before[name] {
				kept++
			}
		}
		if n+1 == last.Number {
			require.Equal(s, last, store.Version{Repository: repository, Number: n + 1, Units: int64(len(now)), Added: int64(len(now) - kept), Removed: int64(len(before) - kept)})
		}
		before = make(map[store.Name]bool)
		for _, name := range now {
			before[name] = true
		}
	}
	_, err = unitsOf(s.Context(), s.store, repository, last.Number+1)
	require.ErrorIs(s, err, store.ErrNotFound)
	return last
}

// manyDrafts has more of them than a store has connections.
func (s *suite) manyDrafts() {
	s.save(50, Many(0, 50)...)
	var drafts []store.Draft
	for i := range 12 {
		drafts = append(drafts, s.begin(fmt.Sprint("r", i)))
		require.NoError(s, drafts[i].Add(s.Context(), Many(i, 3)))
	}
	s.save(10, Many(50, 10)...)
	for i, d := range drafts {
		require.NoError(s, d.Add(s.Context(), Many(30+i, 3)))
		_, err := d.Publish(s.Context())
		require.NoError(s, err)
		s.wantUnits(fmt.Sprint("r", i), 1, append(Many(i, 3), Many(30+i, 3)...)...)
	}
}

// nested has the loops of two versions in each other, and does all there is to do inside.
func (s *suite) nested() {
	s.sync("a", Many(0, 600)...)
	s.sync("b", Many(0, 600)...)
	n := 0
	for name, err := range s.store.Units(s.Context(), "a", 1) {
		require.NoError(s, err)
		if n++; n > 3 {
			break
		}
		for other, err := range s.store.Units(s.Context(), "b", 1) {
			require.NoError(s, err)
			require.LessOrEqual(s, compareNames(other, name), 0)
			s.wantBody(&Unit{Name: other.Key, Len: 500})
			s.existing(Many(0, 10)...)
			s.sync("c", Many(1000+n, 5)...)
			break
		}
	}
}

func (s *suite) cancelledAdd() {
	s.save(100, Many(0, 100)...)
	d := s.begin("r")
	require.NoError(s, d.Add(s.Context(), Many(0, 10)))
	ctx, cancel := context.WithCancel(s.Context())
	cancel()
	require.ErrorIs(s, d.Add(ctx, Many(10, 10)), context.Canceled)
	_, err := d.Publish(ctx)
	require.ErrorIs(s, err, context.Canceled)
	_, err = s.store.Begin(ctx, "r")
	require.ErrorIs(s, err, context.Canceled)
	_, err = s.store.Latest(ctx, "r")
	require.ErrorIs(s, err, context.Canceled)
	_, err = unitsOf(ctx, s.store, "r", 1)
	require.ErrorIs(s, err, context.Canceled)
	v, err := d.Publish(s.Context())
	require.NoError(s, err)
	require.Equal(s, int64(10), v.Units)
}

func (s *suite) versionsReopened() {
	s.sync("r", Many(0, 100)...)
	lost := s.begin("r")
	require.NoError(s, lost.Add(s.Context(), Many(0, 50)))
	s.reopen()
	require.NoError(s, lost.Discard())
	require.ErrorIs(s, lost.Add(s.Context(), nil), store.ErrClosed)
	s.wantUnits("r", 1, Many(0, 100)...)
	require.Equal(s, store.Version{Repository: "r", Number: 2, Units: 90, Removed: 10}, s.publish("r", Many(10, 90)...))
}

func (s *suite) closedVersions() {
	s.sync("r", Many(0, 3)...)
	d := s.begin("r")
	require.NoError(s, s.store.Close())
	_, err := s.store.Begin(s.Context(), "r")
	require.ErrorIs(s, err, store.ErrClosed)
	_, err = s.store.Latest(s.Context(), "r")
	require.ErrorIs(s, err, store.ErrClosed)
	_, err = unitsOf(s.Context(), s.store, "r", 1)
	require.ErrorIs(s, err, store.ErrClosed)
	_, err = artifactsOf(s.Context(), s.store, "r", 1)
	require.ErrorIs(s, err, store.ErrClosed)
	require.ErrorIs(s, s.store.SaveArtifacts(s.Context(), nil), store.ErrClosed)
	require.ErrorIs(s, d.Add(s.Context(), nil), store.ErrClosed)
	_, err = d.Publish(s.Context())
	require.ErrorIs(s, err, store.ErrClosed)
	require.NoError(s, d.Discard())
}

// cancelledPublish cuts syncs off at moments spread over the time one takes: a version is there whole or not at all, and
// a Publish that failed may be tried again.
func (s *suite) cancelledPublish() {
	const size, moments = 1000, 20
	s.sync("r", Many(0, size+moments)...)
	start := time.Now()
	last := s.publish("r", Many(0, size)...)
	took := time.Since(start)
	for i := range moments {
		d := s.begin("r")
		require.NoError(s, d.Add(s.Context(), Many(i+1, size)))
		ctx, cancel := context.WithTimeout(s.Context(), took*time.Duration(i)/moments)
		v, err := d.Publish(ctx)
		cancel()
		if err != nil {
			require.ErrorIs(s, err, context.DeadlineExceeded)
			s.wantLatest(last)
			v, err = d.Publish(s.Context())
		}
		require.NoError(s, err)
		require.Equal(s, store.Version{Repository: "r", Number: last.Number + 1, Units: size, Added: 1, Removed: 1}, v)
		last = v
	}
	s.wantUnits("r", last.Number, Many(moments, size)...)
	s.wantUnits("r", last.Number/2, Many(int(last.Number)/2-2, size)...)
}
