package memriver

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/memacct"
)

// jump has the database's clock jump, as far as we can see it.
func (p *testProcess) jump(t *testing.T, d time.Duration) {
	t.Helper()
	p.exec(t, "UPDATE memriver_process SET beat = beat - $1::interval, steady = steady - $1::interval", d)
	p.exec(t, "UPDATE memriver_wait SET since = since - $1::interval, asked = asked - $1::interval", d)
}

// pass has time pass in which these processes show up.
func pass(t *testing.T, d time.Duration, alive ...*testProcess) {
	t.Helper()
	alive[0].jump(t, d)
	for _, p := range alive {
		require.NoError(t, p.beat(t.Context()))
	}
}

// A process that shows up no more frees its leases after two heartbeats, and not before, and only where others did.
func TestDeadFreesAfterTwoHeartbeats(t *testing.T) {
	dsn := database(t)
	dead, alive := start(t, dsn, Config{Estimate: sized}), start(t, dsn, Config{Estimate: sized})
	job := dead.hold(t, row(1060))
	for range 2 {
		alive.refused(t, row(2060))
		pass(t, never-time.Minute, alive)
	}
	alive.refused(t, row(2060))
	pass(t, 3*time.Minute, alive)
	alive.hold(t, row(2060)).release(t)
	require.Zero(t, alive.leases(t))
	require.EqualValues(t, 1, alive.query(t, "SELECT count(*) FROM memriver_process"))

	// It was not dead: it comes back with what it has, and asks for more only then.
	other := alive.hold(t, row(3090))
	refusedFor(t, dead, row(4001))
	require.NoError(t, dead.beat(t.Context()))
	require.EqualValues(t, 150, alive.query(t, "SELECT sum(bytes) FROM memriver_lease"), "both run, and both count")
	alive.refused(t, row(5001))
	job.release(t)
	other.release(t)
	require.Zero(t, alive.leases(t))
}

// refusedFor asks for a job that nobody can decide about.
func refusedFor(t *testing.T, p *testProcess, r *rivertype.JobRow) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var snoozed *rivertype.JobSnoozeError
	require.ErrorAs(t, p.Work(ctx, r, nil), &snoozed)
}

// A clock that jumps, to either side, frees nothing early.
func TestJumpingClock(t *testing.T) {
	for name, d := range map[string]time.Duration{"forward": 1000 * time.Hour, "back": -1000 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			dsn := database(t)
			first, second := start(t, dsn, Config{Estimate: sized}), start(t, dsn, Config{Estimate: sized})
			for range 3 {
				pass(t, never, first, second)
			}
			job := first.hold(t, row(1060))
			second.jump(t, d)
			second.refused(t, row(2060))
			require.NoError(t, second.beat(t.Context()), "it is the first to show up, and can't tell who is dead")
			second.refused(t, row(2060))
			pass(t, never, second)
			second.refused(t, row(2060))
			require.NoError(t, first.beat(t.Context()), "just in time")
			pass(t, never+time.Minute, second)
			second.refused(t, row(2060))
			require.EqualValues(t, 1, second.leases(t))
			pass(t, never+time.Minute, second)
			second.hold(t, row(2060)).release(t)
			close(job.end)
			<-job.done
		})
	}
}

// With the database away what runs goes on, nothing is admitted, and a lease that ended meanwhile is given back later.
func TestDatabaseAway(t *testing.T) {
	dsn := database(t)
	p, witness := start(t, dsn, Config{Estimate: sized}), start(t, dsn, Config{Estimate: sized})
	one, two := p.hold(t, row(1040)), p.hold(t, row(1050))
	p.line.set(true)
	one.release(t)
	require.Error(t, p.beat(t.Context()))
	refusedFor(t, p, row(2005))
	require.EqualValues(t, 2, witness.leases(t), "it can't be told yet")
	p.line.set(false)
	require.NoError(t, p.beat(t.Context()))
	require.EqualValues(t, 1, witness.leases(t))
	two.release(t)
	require.Zero(t, witness.leases(t))
}

// startChild starts a worker in a process of its own, which runs a job of 60 bytes until it is killed.
func startChild(t *testing.T, dsn, records string) (kill func()) {
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "MEMRIVER_TEST_CHILD="+dsn, "MEMRIVER_TEST_RECORDS="+records)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "runs\n", line)
	return func() {
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait())
	}
}

// child is a worker that holds a lease until it is killed. It says so once its record tells of the 40 bytes it uses.
func child() {
	pool, err := pgxpool.New(context.Background(), os.Getenv("MEMRIVER_TEST_CHILD"))
	if err != nil {
		panic(err)
	}
	a, err := open(context.Background(), pool, Config{
		Host: "h", Limit: memacct.Content(100), Estimate: keyedAs("killed"), Heartbeat: quick, Records: os.Getenv("MEMRIVER_TEST_RECORDS"),
	}, "machine")
	if err != nil {
		panic(err)
	}
	panic(a.Work(context.Background(), row(1060), func(ctx context.Context) error {
		Account(ctx).Charge(40)
		for path := recordPath(a.cfg.Records, a.store.process.id, 1); path != ""; time.Sleep(time.Millisecond) {
			if _, peak := lastOf(path); peak == 40 {
				break
			}
		}
		_, _ = os.Stdout.WriteString("runs\n")
		select {}
	}))
}

// keyedAs is sized, with a key.
func keyedAs(key string) func(*rivertype.JobRow) Estimate {
	return func(r *rivertype.JobRow) Estimate { return Estimate{Bytes: r.ID % 1000, Key: key} }
}

// quick is a heartbeat that tests wait for.
const quick = 100 * time.Millisecond

// A worker that is killed frees its lease.
func TestKilledWorker(t *testing.T) {
	dsn := database(t)
	p := start(t, dsn, Config{Estimate: sized, Heartbeat: quick})
	kill := startChild(t, dsn, "")
	require.EqualValues(t, 1, p.leases(t))
	large := p.begin(t, row(1100))
	require.Eventually(t, func() bool { return p.query(t, "SELECT count(claims) FROM memriver_wait") == 1 }, time.Minute, time.Millisecond)
	kill()
	<-large.runs
	large.release(t)
}

// A job whose process died runs alone the next time, and is cancelled with the end of its record when it dies again.
func TestKilledTwice(t *testing.T) {
	dsn, records := database(t), t.TempDir()
	p := start(t, dsn, Config{Estimate: keyedAs("killed"), Heartbeat: quick, Records: records})
	dead := func(times int64) func() bool {
		return func() bool {
			return p.query(t, "SELECT coalesce(sum(times), 0) FROM memriver_killed WHERE job = 1060") == times
		}
	}
	startChild(t, dsn, records)()
	require.Eventually(t, dead(1), time.Minute, 10*time.Millisecond)
	require.EqualValues(t, 40, p.query(t, "SELECT bytes FROM memriver_peak"), "the record of a killed job teaches, too")

	kill := startChild(t, dsn, records)
	require.EqualValues(t, 100, p.query(t, "SELECT bytes FROM memriver_lease WHERE alone"), "with all that the host has")
	p.refused(t, row(2001))
	kill()
	require.Eventually(t, dead(2), time.Minute, 10*time.Millisecond)

	err := p.Work(t.Context(), row(1060), nil)
	var cancelled *rivertype.JobCancelError
	require.ErrorAs(t, err, &cancelled)
	require.ErrorContains(t, err, "memriver: the job died with its process twice, the second time alone on host h: At the last sample ")
	require.ErrorContains(t, err, "syncbench record "+records)
	require.NotContains(t, err.Error(), "\n")
	require.True(t, dead(0)(), "if it is retried by hand that is a new beginning")
}

// A job that comes to its end alone is one like any other from then on, and its record is gone.
func TestKilledOnce(t *testing.T) {
	p := start(t, database(t), Config{Estimate: sized, Records: t.TempDir()})
	p.exec(t, "INSERT INTO memriver_killed VALUES (1030, 1, 'h', '', now())")
	small := p.hold(t, row(2010))
	large := p.begin(t, row(1030))
	require.Eventually(t, func() bool { return p.query(t, "SELECT count(claims) FROM memriver_wait") == 1 }, time.Minute, time.Millisecond)
	small.release(t)
	<-large.runs
	kept, err := os.ReadDir(p.cfg.Records)
	require.NoError(t, err)
	require.Len(t, kept, 1)
	large.release(t)
	small = p.hold(t, row(2010))
	p.hold(t, row(1030)).release(t)
	small.release(t)
	kept, err = os.ReadDir(p.cfg.Records)
	require.NoError(t, err)
	require.Empty(t, kept)
}

// Records that can't be kept, or read, are told of and stop nobody.
func TestWithoutRecords(t *testing.T) {
	p := start(t, database(t), Config{Estimate: sized, Records: "/nowhere/at/all"})
	p.hold(t, row(1030)).release(t)
	last, _ := lastOf("/nowhere/at/all/x")
	require.Contains(t, last, "its record can't be read: ")
	last, _ = lastOf("")
	require.Equal(t, "there is no record: Config.Records names a folder for them", last)
}

// Two machines with one name are told apart, as long as both are there.
func TestOneNameOnTwoMachines(t *testing.T) {
	dsn := database(t)
	p := start(t, dsn, Config{})
	_, err := tryStart(t, dsn, Config{}, "another")
	require.EqualError(t, err, `memriver: another machine takes part as host "h": give one of them another name by Config.Host`)
	require.NoError(t, p.Close(t.Context()))
	require.NoError(t, p.Close(t.Context()), "the second does nothing")
	_, err = tryStart(t, dsn, Config{}, "another")
	require.NoError(t, err)
}

func TestOpenErrors(t *testing.T) {
	dsn := database(t)
	p := start(t, dsn, Config{})
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Limit: memacct.Content(-1)}, "holds nothing"},
		{Config{Limit: memacct.Content(0)}, `memriver: no budget for host "h": `},
		{Config{Limit: memacct.Process(1)}, `memriver: no budget for host "h": `},
		{Config{Heartbeat: time.Microsecond}, "and Config.Heartbeat not below 10ms"},
		{Config{Workers: -1}, "memriver: Config.Workers must not be negative"},
		{Config{GroupShare: 1.5}, "Config.GroupShare is from 0 to 1"},
		{Config{Patience: -1}, "must not be negative"},
	} {
		_, err := tryStart(t, dsn, c.cfg, "machine")
		require.ErrorContains(t, err, c.want)
		require.NotContains(t, err.Error(), "\n")
	}
	p.exec(t, "UPDATE memriver_schema SET version = 7")
	_, err := tryStart(t, dsn, Config{}, "machine")
	require.EqualError(t, err, "memriver: the tables memriver_* have version 7, this program knows version 1: run the same version everywhere, or drop them while no job runs")

	pool, err := pgxpool.New(t.Context(), "postgres://postgres@127.0.0.1:1/none?connect_timeout=2")
	require.NoError(t, err)
	defer pool.Close()
	_, err = New(t.Context(), nil, Config{})
	require.EqualError(t, err, "memriver: the pool is nil: give New the one that River's driver has")
	_, err = New(t.Context(), pool, Config{Limit: memacct.Content(1)})
	require.ErrorContains(t, err, "memriver: PostgreSQL can't be reached, start it or correct the DSN: ")
	require.NotContains(t, err.Error(), "\n")
}

// What another program made by our names is refused before anything is made, and so is a database that takes nothing.
func TestForeignTables(t *testing.T) {
	for made, want := range map[string]string{
		"CREATE TABLE memriver_schema (x text)":      "; another program made tables whose names begin with memriver_; use another database, or schema",
		"CREATE TABLE memriver_peak ()":              "; another program made tables whose names begin with memriver_; use another database, or schema",
		"CREATE TABLE memriver_schema (version int)": "have version 0, this program knows version 1",
		"SELECT 1": "",
	} {
		dsn := database(t)
		pool, err := pgxpool.New(t.Context(), dsn)
		require.NoError(t, err)
		_, err = pool.Exec(t.Context(), made)
		require.NoError(t, err)
		pool.Close()
		_, err = tryStart(t, dsn, Config{}, "machine")
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want, made)
		require.NotContains(t, err.Error(), "\n")
	}
	_, err := tryStart(t, database(t)+"&default_transaction_read_only=on", Config{}, "machine")
	require.ErrorContains(t, err, "; the database takes no changes; name the server that does")
}
