package storetest

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel/store"
)

// childEnv holds the place that a child syncs into, and killsEnv how many are killed: a few where it is not set.
const (
	childEnv = "SYNCMEM_STORETEST_CHILD"
	killsEnv = "SYNCMEM_STORETEST_KILLS"
)

// window is how many units each version has that a child publishes: numbered one after the other, so that a version that
// is not whole shows.
const window = 300

// Child is for TestMain, before anything else: in the child of a test of [RunKilled] it syncs until it is killed, and does
// not return.
func Child(open func(ctx context.Context, place string) (store.Versioned, error)) {
	place := os.Getenv(childEnv)
	if place == "" {
		return
	}
	ctx := context.Background()
	s, err := open(ctx, place)
	for err == nil {
		units := Many(rand.IntN(2*window), window)
		fmt.Println("a sync begins")
		if _, err = syncInto(ctx, s, "r", units); err == nil {
			err = s.SaveArtifacts(ctx, []store.Artifact{artifactOf(units[0], "a")})
		}
	}
	fmt.Println(err)
	os.Exit(1)
}

// RunKilled kills children in the middle of what they do, with no warning: each leaves whole versions, and the next sync
// works at once. place is for the open of [Child], which TestMain must call; open opens the same store here.
func RunKilled(t *testing.T, place string, open Open) {
	kills := 5
	if n, err := strconv.Atoi(os.Getenv(killsEnv)); err == nil {
		kills = n
	}
	s := &suite{T: t, open: open, store: open(t)}
	t.Cleanup(func() { require.NoError(t, s.store.Close()) })
	var last store.Version
	for i := range kills {
		killOne(t, place)
		if i%3 == 2 { // else it was open all the time
			s.reopen()
		}
		now, err := s.store.Latest(s.Context(), "r")
		require.NoError(t, err)
		for n := last.Number + 1; n <= now.Number; n++ {
			s.wantWindow(n)
		}
		last = s.sync("r", Many(10*window+i, window)...)
		require.Equal(t, store.Version{Repository: "r", Number: now.Number + 1, Units: window, Added: last.Added, Removed: last.Removed}, last)
		require.Equal(t, now.Units-last.Removed+last.Added, last.Units)
		s.wantWindow(last.Number)
	}
	t.Logf("%d versions survived %d kills", last.Number, kills)
}

// wantWindow checks that a version has as many units as it should, one after the other.
func (s *suite) wantWindow(number int64) {
	s.Helper()
	all, err := unitsOf(s.Context(), s.store, "r", number)
	require.NoError(s, err)
	require.Len(s, all, window, "version %d", number)
	first := 0
	_, err = fmt.Sscanf(all[0].Key, "unit %d", &first)
	require.NoError(s, err)
	s.wantUnits("r", number, Many(first, window)...)
}

// killOne runs a child and kills it, somewhere in its first syncs.
func killOne(t *testing.T, place string) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+place)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for range 1 + rand.IntN(3) {
		require.True(t, lines.Scan(), "the child ended by itself")
		require.Equal(t, "a sync begins", lines.Text())
	}
	time.Sleep(time.Duration(rand.IntN(100_000)) * time.Microsecond)
	require.NoError(t, cmd.Process.Kill())
	rest := ""
	for lines.Scan() {
		rest = lines.Text()
	}
	require.Contains(t, []string{"", "a sync begins"}, rest, "the child failed before it was killed")
	require.ErrorContains(t, cmd.Wait(), "killed")
}
