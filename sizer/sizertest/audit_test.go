package sizertest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/sizer/internal/sample"
	"github.com/syncmem/syncmem/sizer/sizertest"
)

type stanza struct {
	Name string
	Rest []byte
	Tags map[string]string
	Part *int64
	Deps []struct{ Name string }
}

// recorder is a testing.TB that notes a failure instead of failing.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}
func (r *recorder) Errorf(f string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(f, args...))
}

func TestAuditFindsWhatIsPinned(t *testing.T) {
	file := strings.Repeat("Package: somewhat long name\n", 400)
	array := make([]int64, 1000)
	s := &stanza{
		Name: file[9:27],
		Rest: make([]byte, 100)[90:],
		Part: &array[500],
		Tags: map[string]string{"a literal key of some length": file[900:980]},
	}
	s.Deps = append(s.Deps, struct{ Name string }{strings.Clone(file[:20])})
	rec := &recorder{TB: t}
	r := sizertest.Audit(rec, s)
	require.Len(t, rec.failures, 1)
	paths := map[string]sizertest.Pin{}
	for _, p := range r.Pins {
		paths[p.Path] = p
	}
	require.Len(t, paths, 3, r.String())
	require.EqualValues(t, 24, paths[".Name"].Shown)
	require.EqualValues(t, 12288, paths[".Name"].Held, "the whole file, once: the tag points into it too")
	require.EqualValues(t, 112, paths[".Rest"].Held)
	require.EqualValues(t, 8192, paths[".Part"].Held)
	require.Contains(t, rec.failures[0], ".Name string")
}

func TestAuditIsQuietAboutOwnedContent(t *testing.T) {
	r := sizertest.Audit(t, sample.New(1))
	require.Empty(t, r.Pins)
	require.Zero(t, r.Pinned)
	require.NotZero(t, r.Of)
	sizertest.Audit(t, nil)
	sizertest.Audit(t, []string{"literal", ""})
}

func TestCheckComplains(t *testing.T) {
	rec := &recorder{TB: t}
	ratio := sizertest.Check(rec, func() *string { s := strings.Repeat("x", 10000)[:20]; return &s }, 0.01)
	require.Less(t, ratio, 0.1)
	require.Len(t, rec.failures, 1)
	rec = &recorder{TB: t}
	var one stanza
	sizertest.Check(rec, func() *stanza { return &one }, 0.01)
	require.Len(t, rec.failures, 1, "nothing built")
	require.Contains(t, rec.failures[0], "new value each time")
}

func ExampleCheck() {
	// In a test of your own:
	_ = func(t *testing.T) {
		sizertest.Check(t, func() *sample.Package { return sample.New(1) }, 0.02)
		sizertest.Audit(t, sample.New(1))
	}
}
