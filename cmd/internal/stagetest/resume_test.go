package stagetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
	"github.com/syncmem/syncmem/contentmodel/store"
	"github.com/syncmem/syncmem/contentmodel/store/postgres"
	"github.com/syncmem/syncmem/contentmodel/store/sqlite"
	"github.com/syncmem/syncmem/contentmodel/store/storetest"
	"github.com/syncmem/syncmem/internal/synth"
	"github.com/syncmem/syncmem/memacct"
	"github.com/syncmem/syncmem/pipeline"
	"github.com/syncmem/syncmem/pipeline/stages"
)

// source yields the same units each time it is called.
type source func(context.Context) iter.Seq2[contentmodel.Unit, error]

func synthetic(t testing.TB, spec string) source {
	s, err := synth.Parse(spec)
	require.NoError(t, err)
	return s.Units
}

// readManifest and readPackages read indices with all that a format allows, and some of what it does not.
func readManifest(context.Context) iter.Seq2[contentmodel.Unit, error] {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "dir %d/a,b \"c\" \\ ü\u2028%d , %064X,%d\r\n", i%7, i, i, []int64{0, 1, 1<<63 - 1}[i%3])
		fmt.Fprintf(&b, "dir %d/a,b \"c\" \\ ü\u2028%d,%064x,5\n", i%7, i, i) // the same content, told otherwise
	}
	return asUnits(file.Read("PULP_MANIFEST", strings.NewReader(b.String())))
}

func readPackages(context.Context) iter.Seq2[contentmodel.Unit, error] {
	var b strings.Builder
	for i := range 150 {
		fmt.Fprintf(&b, "Package: p%d\nVersion: 1:%d~rc+1\nArchitecture: all\nFilename: pool/p%d ü.deb\nSize: %d\nSHA256: %064x\n"+
			"Maintainer: Ren\xe9 \x01 <r@example.org>\nDescription: short %s\n long\n .\n more\x02\nX-Empty:\nMultiArch: not the real one\nX-%d: %d\n\n",
			i, i, i, int64(1)<<62+int64(i), i+1, strings.Repeat("very ", i*i), i%5, i)
	}
	return asUnits(deb.ReadPackages("Packages", strings.NewReader(b.String())))
}

func asUnits[U contentmodel.Unit](seq iter.Seq2[U, error]) iter.Seq2[contentmodel.Unit, error] {
	return func(yield func(contentmodel.Unit, error) bool) {
		for u, err := range seq {
			if !yield(u, err) {
				return
			}
		}
	}
}

// first emits what the source yields, and calls cut before the n-th unit. It goes on if cut returns nil.
func first(src source, n int, cut func() error) pipeline.FirstStage[contentmodel.Unit] {
	return func(ctx context.Context, out *pipeline.Out[contentmodel.Unit]) error {
		i := 0
		for u, err := range src(ctx) {
			if err == nil && i == n {
				err = cut()
			}
			if err == nil {
				err = out.Put(ctx, u)
			}
			if err != nil {
				return err
			}
			i++
		}
		return nil
	}
}

// syncOnce is one run as a user has it: a budget that a hundred units fill, and the two stages of a store.
func syncOnce(ctx context.Context, t testing.TB, s store.Store, first pipeline.FirstStage[contentmodel.Unit]) (saved int64, err error) {
	b, err := memacct.New(memacct.Config{Limit: memacct.Content(1000), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	cfg := pipeline.Config[contentmodel.Unit]{Account: b.Account("test"), Size: func(contentmodel.Unit) int64 { return 10 }, BatchSize: 30}
	var counted stages.Saved
	_, err = pipeline.Run(ctx, cfg, first, stages.Query(s, 0, nil), stages.Save(s, 0, 0, &counted))
	require.Zero(t, b.Stats().Used)
	return counted.Units(), err
}

var errCut = errors.New("the source broke off")

// cuts are how a run ends early, before the unit with number at.
var cuts = []func(t *testing.T, s store.Store, src source, at int) (saved int64){
	func(t *testing.T, s store.Store, src source, at int) int64 {
		saved, err := syncOnce(t.Context(), t, s, first(src, at, func() error { return errCut }))
		require.ErrorIs(t, err, errCut)
		return saved
	},
	func(t *testing.T, s store.Store, src source, at int) int64 {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		saved, err := syncOnce(ctx, t, s, first(src, at, func() error { cancel(); return nil }))
		require.ErrorIs(t, err, context.Canceled)
		return saved
	},
}

// TestResume cuts syncs of every format off, more than once, and looks after each whether what the run says it saved is
// what is there, and in the end whether every unit is there as the reader yielded it.
func TestResume(t *testing.T) {
	sources := map[string]source{
		"rpm-mixed": synthetic(t, "rpm-mixed,units=120"),
		"rpm-giant": synthetic(t, "rpm-one-giant,units=20,giant=5MiB"),
		"deb-index": synthetic(t, "deb-index,units=200"),
		"file-flat": synthetic(t, "file-flat,units=300"),
		"manifest":  readManifest,
		"packages":  readPackages,
	}
	for db, fresh := range stores(t) {
		for name, src := range sources {
			t.Run(db+"/"+name, func(t *testing.T) {
				s := fresh(t)
				defer s.Close()
				total := len(distinct(t, src))
				var saved int64
				for i := range 5 {
					saved += cuts[i%len(cuts)](t, s, src, total*i/5)
					wantCount(t, s, saved)
				}
				n, err := syncOnce(t.Context(), t, s, first(src, -1, nil))
				require.NoError(t, err)
				require.EqualValues(t, total, saved+n)
				wantAll(t, s, src)
			})
		}
	}
}

// stores makes an empty store of each kind that there is here.
func stores(t *testing.T) map[string]func(t *testing.T) store.Store {
	all := map[string]func(t *testing.T) store.Store{
		"sqlite": func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "content.sqlite")) },
	}
	dsn := os.Getenv("SYNCMEM_TEST_POSTGRES")
	if dsn == "" {
		t.Log("PostgreSQL is NOT tested; SYNCMEM_TEST_POSTGRES holds no DSN")
		return all
	}
	// A schema of its own: the tests of the store itself use the database at the same time.
	const schema = "syncmem_resume"
	all["postgres"] = func(t *testing.T) store.Store {
		c, err := pgx.Connect(t.Context(), dsn)
		require.NoError(t, err)
		defer c.Close(t.Context())
		_, err = c.Exec(t.Context(), "SET client_min_messages = error; DROP SCHEMA IF EXISTS "+schema+" CASCADE; CREATE SCHEMA "+schema)
		require.NoError(t, err)
		t.Setenv("PGOPTIONS", "-c search_path="+schema)
		s, err := postgres.Open(t.Context(), dsn)
		require.NoError(t, err)
		return s
	}
	return all
}

func open(t testing.TB, path string) store.Store {
	s, err := sqlite.Open(t.Context(), path)
	require.NoError(t, err)
	return s
}

// distinct is the first unit of each key.
func distinct(t testing.TB, src source) []contentmodel.Unit {
	var all []contentmodel.Unit
	seen := make(map[string]bool)
	for u, err := range src(t.Context()) {
		require.NoError(t, err)
		if !seen[u.Key()] {
			seen[u.Key()] = true
			all = append(all, u)
		}
	}
	require.NotEmpty(t, all)
	return all
}

func wantCount(t testing.TB, s store.Store, want int64) {
	t.Helper()
	n, err := s.Count(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, n, "units in the store")
}

// wantAll compares each unit field by field.
func wantAll(t testing.TB, s store.Store, src source) {
	t.Helper()
	all := distinct(t, src)
	wantCount(t, s, int64(len(all)))
	for _, want := range all {
		got, err := storetest.ReadBack(t.Context(), s, want)
		require.NoError(t, err)
		if !reflect.DeepEqual(want, got) { // require.Equal would print megabytes
			t.Fatalf("%s %q: read\n%.2000q, kept\n%.2000q", want.Kind(), want.Key(), fmt.Sprint(want), fmt.Sprint(got))
		}
	}
}

// child is the variable with the file that TestKilled's other process syncs into.
const child = "SYNCMEM_TEST_SYNC_INTO"

func TestMain(m *testing.M) {
	if path := os.Getenv(child); path != "" {
		syncForever(path)
	}
	verify(m)
}

const killedSpec = "rpm-mixed,units=100000,seed=9"

// syncForever tells on stdout how many units are saved, after each batch.
func syncForever(path string) {
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		panic(err)
	}
	spec, err := synth.Parse(killedSpec)
	if err != nil {
		panic(err)
	}
	total := 0
	save := pipeline.InBatches("save", 20, func(ctx context.Context, units []contentmodel.Unit) error {
		n, err := s.Save(ctx, units)
		total += n
		fmt.Println(total)
		return err
	})
	_, err = pipeline.Run(context.Background(), pipeline.Config[contentmodel.Unit]{}, first(spec.Units, -1, nil), stages.Query(s, 20, nil), save)
	panic(fmt.Sprint("not killed in time: ", err))
}

// TestKilled kills the process of a sync with no warning, as the kernel does when memory is out, again and again: what it
// said was saved is there, the file can be opened, and the next run adds what is missing.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "content.sqlite")
	var kept int64
	for round := range 3 {
		told := killAfter(t, path, 3+round*2, time.Duration(round)*3*time.Millisecond)
		s := open(t, path)
		n, err := s.Count(t.Context())
		require.NoError(t, err)
		require.GreaterOrEqual(t, n, kept+told, "what was said to be saved")
		require.Zero(t, n%20, "half a batch is there")
		kept = n
		require.NoError(t, s.Close())
	}
	s := open(t, path)
	defer s.Close()
	src := synthetic(t, killedSpec)
	some := func(ctx context.Context) iter.Seq2[contentmodel.Unit, error] { // as far as it came, and a little on
		return func(yield func(contentmodel.Unit, error) bool) {
			n := int64(0)
			for u, err := range src(ctx) {
				if n++; n > kept+100 || !yield(u, err) {
					return
				}
			}
		}
	}
	n, err := syncOnce(t.Context(), t, s, first(some, -1, nil))
	require.NoError(t, err)
	require.EqualValues(t, 100, n)
	wantAll(t, s, some)
}

// killAfter starts a sync, kills it so long after its so manieth message, and returns what it said last.
func killAfter(t *testing.T, path string, messages int, more time.Duration) (told int64) {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), child+"="+path)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		told, err = strconv.ParseInt(lines.Text(), 10, 64)
		require.NoError(t, err)
		if n == messages {
			time.Sleep(more)
			require.NoError(t, cmd.Process.Kill())
		}
	}
	require.Error(t, cmd.Wait(), "it was not killed")
	return told
}
