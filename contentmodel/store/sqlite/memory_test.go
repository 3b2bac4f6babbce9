package sqlite

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/storetest"
)

// heapGrowth is how many live bytes were added since the first call.
func heapGrowth() func() int64 {
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := live()
	return func() int64 { return live() - before }
}

// TestSaveMemory looks at the live heap in the middle of saves, for a batch of
// many small units, and for one of few large ones.
func TestSaveMemory(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, err)
	defer s.Close()
	for name, c := range map[string]struct{ units, length int }{
		"small": {20000, 1 << 10},
		"large": {3, 8 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			var growth func() int64
			var peak int64
			pieces, every := 0, c.units*c.length/(4<<10)/8
			units := make([]contentmodel.Unit, c.units)
			for i := range units {
				units[i] = &storetest.Unit{Name: fmt.Sprint(name, i), Len: c.length, Before: func() {
					if pieces++; pieces%max(every, 1) == 0 {
						peak = max(peak, growth())
					}
				}}
			}
			found := make([]bool, len(units))
			growth = heapGrowth()
			n, err := s.Save(t.Context(), units)
			require.NoError(t, err)
			require.Equal(t, c.units, n)
			require.Positive(t, pieces)
			require.NoError(t, s.Existing(t.Context(), units, found))
			require.Less(t, peak, int64(1<<20), "bytes of live heap in the middle of Save")
			require.Less(t, growth(), int64(1<<20), "bytes of live heap afterwards")
		})
	}
}

// TestDiskFull: SQLite's own limit of pages is a disk that fills up.
func TestDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	opened, err := Open(t.Context(), path)
	require.NoError(t, err)
	defer opened.Close()
	s := opened.(*db)
	_, err = s.Save(t.Context(), storetest.Many(0, 10))
	require.NoError(t, err)

	_, err = s.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 100")
	require.NoError(t, err)
	big := []contentmodel.Unit{&storetest.Unit{Name: "big", Len: 10 << 20}}
	n, err := s.Save(t.Context(), append(storetest.Many(10, 10), big...))
	require.ErrorContains(t, err, "store "+path+": disk is full; free some space and run again")
	require.NotContains(t, err.Error(), "\n")
	require.Zero(t, n)
	count, err := s.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 10, count, "nothing of the failed save is kept")

	_, err = s.conn.ExecContext(t.Context(), "PRAGMA max_page_count = 1000000")
	require.NoError(t, err)
	n, err = s.Save(t.Context(), big)
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// TestPublishDiskFull: what does not fit is no version, and with more space the same draft is published.
func TestPublishDiskFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	opened, err := Open(t.Context(), path)
	require.NoError(t, err)
	defer opened.Close()
	s := opened.(*db)
	units := make([]contentmodel.Unit, 20_000)
	for i := range units {
		units[i] = &storetest.Unit{Name: fmt.Sprint("u", i), Len: 1}
	}
	_, err = s.Save(t.Context(), units)
	require.NoError(t, err)
	d, err := s.Begin(t.Context(), "r")
	require.NoError(t, err)
	defer d.Discard()
	require.NoError(t, d.Add(t.Context(), units))

	var pages int64
	require.NoError(t, s.conn.QueryRowContext(t.Context(), "PRAGMA page_count").Scan(&pages))
	_, err = s.conn.ExecContext(t.Context(), fmt.Sprintf("PRAGMA main.max_page_count = %d", pages+10))
	require.NoError(t, err)
	_, err = d.Publish(t.Context())
	require.ErrorContains(t, err, "store "+path+": disk is full; free some space and run again")
	v, err := s.Latest(t.Context(), "r")
	require.NoError(t, err)
	require.Zero(t, v.Number)

	_, err = s.conn.ExecContext(t.Context(), "PRAGMA main.max_page_count = 1000000; PRAGMA temp.max_page_count = 1")
	require.NoError(t, err)
	full, err := s.Begin(t.Context(), "r")
	if err == nil { // the table has a page of its own
		defer full.Discard()
		err = full.Add(t.Context(), units)
	}
	require.ErrorContains(t, err, "disk is full", "a draft needs space, too")
	_, err = s.conn.ExecContext(t.Context(), "PRAGMA temp.max_page_count = 1000000")
	require.NoError(t, err)
	v, err = d.Publish(t.Context())
	require.NoError(t, err)
	require.Equal(t, store.Version{Repository: "r", Number: 1, Units: 20_000, Added: 20_000}, v)
}

// TestVersionPlans: a version is read in the order of an index, so that nothing is sorted.
func TestVersionPlans(t *testing.T) {
	opened, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, err)
	defer opened.Close()
	s := opened.(*db)
	plan := func(query string, args ...any) (text string) {
		rows, err := s.conn.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
		require.NoError(t, err)
		defer rows.Close()
		for rows.Next() {
			var id, parent, unused int
			var detail string
			require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
			text += detail + "\n"
		}
		require.NoError(t, rows.Err())
		return text
	}
	units := plan("SELECT c.kind, c.key"+members("")+" AND (c.kind, c.key) > (?4, ?5) ORDER BY c.kind, c.key LIMIT ?3", 1, 1, 1, "", "")
	require.Contains(t, units, "SEARCH c USING COVERING INDEX")
	require.Contains(t, units, "SEARCH m USING PRIMARY KEY (repository=? AND content=?")
	require.NotContains(t, units, "TEMP B-TREE")
}

// TestExistingUsesIndex: the query must look keys up, not read the content.
func TestExistingUsesIndex(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, err)
	defer s.Close()
	args := make([]any, 128)
	rows, err := s.(*db).reader.Query("EXPLAIN QUERY PLAN "+existingQuery(), args...)
	require.NoError(t, err)
	defer rows.Close()
	plan := ""
	for rows.Next() {
		var id, parent, unused int
		var detail string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		plan += detail + "\n"
	}
	require.NoError(t, rows.Err())
	require.Contains(t, plan, "SEARCH content USING COVERING INDEX")
}
