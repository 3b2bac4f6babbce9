package sqlite

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
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
