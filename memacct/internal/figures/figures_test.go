package figures_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct/debugpage"
	"github.com/syncmem/syncmem/memacct/internal/figures"
	"github.com/syncmem/syncmem/memacct/record"
)

func keysOf[T any](table []figures.Figure[T]) (keys []string) {
	for _, f := range table {
		keys = append(keys, f.Key)
	}
	return keys
}

var (
	budget  = keysOf(figures.Budget)
	account = keysOf(figures.Account)
	queue   = keysOf(figures.Queue)
)

// tags are the keys of a struct's numbers and flags as JSON.
func tags(of any) (keys []string) {
	t := reflect.TypeOf(of)
	for f := range t.Fields() {
		switch f.Type.Kind() {
		case reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
			keys = append(keys, f.Tag.Get("json"))
		}
	}
	return keys
}

// written are the keys that a pattern finds in a file of this repository.
func written(t *testing.T, pattern string, path ...string) (keys []string) {
	text, err := os.ReadFile(filepath.Join(append([]string{"..", ".."}, path...)...))
	require.NoError(t, err)
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		keys = append(keys, strings.TrimSuffix(m[1], ",omitempty"))
	}
	require.NotEmpty(t, keys)
	return keys
}

// A figure has one key wherever it is told. What only one place tells is listed here, and is no figure of the table.
func TestKeysAgree(t *testing.T) {
	for name, c := range map[string]struct {
		keys  []string
		table []string
		own   []string
	}{
		"the page":                {tags(debugpage.Snapshot{}), budget, []string{"pid"}},
		"the page, of memory":     {tags(debugpage.Memory{}), budget, nil},
		"the page, of an account": {tags(debugpage.Account{}), account, []string{"weight"}},
		"the page, of a queue":    {tags(debugpage.Queue{}), queue, []string{"gate"}},
		"a record":                {tags(record.Sample{}), budget, []string{"left_out"}},
		"a record, of an account": {tags(record.Account{}), account, nil},
		"a record, of a stage":    {tags(record.Stage{}), queue, []string{"gate", "waited_ns", "batches", "pressure_batches"}},
		"a log record": {
			written(t, `\.number\("(\w+)"`, "attrs.go"), slices.Concat(budget, queue),
			[]string{"named_bytes", "unread_bytes", "floors_bytes", "beside_bytes", "process_bytes", "need_bytes", "more"}, // of a refusal
		},
	} {
		for _, key := range c.keys {
			require.Contains(t, slices.Concat(c.table, c.own), key, "%s has a key that is in no table", name)
		}
		for _, key := range c.own {
			require.Contains(t, c.keys, key, "%s does not have that any more", name)
		}
	}
}

// What syncbench tells of a budget is the same figure over a whole run, and the key says so.
func TestKeysOfSyncbenchAgree(t *testing.T) {
	all := written(t, "json:\"(\\w+)", "..", "cmd", "syncbench", "result.go")
	for key, ours := range map[string]string{
		"peak_rss_anon_bytes": "rss_anon_bytes", "peak_go_bytes": "go_bytes", "units": "units", "limit_bytes": "limit_bytes",
		"gc_cpu_ratio": "gc_cpu_ratio", "gc_limited": "gc_limited",
	} {
		require.Contains(t, all, key)
		require.Contains(t, budget, ours)
	}
}

// Keys say their unit as metrics do: bytes, seconds and ratios at the end, and _total where a figure only goes up.
func TestKeysSayWhatTheyCount(t *testing.T) {
	check(t, figures.Budget)
	check(t, figures.Account)
	check(t, figures.Queue)
}

func check[T any](t *testing.T, table []figures.Figure[T]) {
	seen := map[string]bool{}
	for _, f := range table {
		require.Regexp(t, `^[a-z]+(_[a-z]+)*$`, f.Key)
		require.Equal(t, f.Counts, strings.HasSuffix(f.Key, "_total"), f.Key)
		require.True(t, strings.HasSuffix(f.Help, "."), f.Key)
		require.False(t, seen[f.Key], f.Key)
		seen[f.Key] = true
	}
}

// numbered fills every number of a struct, and of those in it, with one of its own, and sets every flag.
func numbered(v reflect.Value, n *int64) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				numbered(v.Field(i), n)
			}
		}
	case reflect.Int, reflect.Int64:
		*n += 1e9 // a second, too
		v.SetInt(*n)
	case reflect.Float64:
		*n += 1e9
		v.SetFloat(float64(*n))
	case reflect.Bool:
		v.SetBool(true)
	}
}

// Each figure is read from a field of its own: a row that was copied and not changed would tell another one twice.
func TestEachFigureIsOfItsOwn(t *testing.T) {
	distinct(t, figures.Budget)
	distinct(t, figures.Account)
	distinct(t, figures.Queue)
}

func distinct[T any](t *testing.T, table []figures.Figure[T]) {
	var full, none T
	n := int64(0)
	numbered(reflect.ValueOf(&full).Elem(), &n)
	of := map[float64]string{}
	for _, f := range table {
		require.Zero(t, f.Of(none), f.Key)
		switch value := f.Of(full); value {
		case 0:
			t.Errorf("%s reads nothing", f.Key)
		case 1: // a flag
		default:
			require.Empty(t, of[value], "%s reads what another does", f.Key)
			of[value] = f.Key
		}
	}
}

// What nobody knows is left out, and not told as 0; a count is never unknown.
func TestCountsAreNeverUnknown(t *testing.T) {
	for _, f := range figures.Budget {
		require.False(t, f.Counts && f.Unknown0, f.Key)
		require.Equal(t, strings.Contains(f.Help, "absent "), f.Unknown0, "%s says whether it may be absent", f.Key)
	}
	for _, f := range figures.Queue {
		require.Equal(t, strings.Contains(f.Help, "absent "), f.Unknown0, "%s says whether it may be absent", f.Key)
	}
}
