package memriver

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/riverqueue/river/rivertype"

	"github.com/syncmem/syncmem/memacct"
)

// Estimate is what is known of a job before it runs.
type Estimate struct {
	// Bytes is how much memory it will need. 0 is unknown: a quarter of its host's budget is taken.
	Bytes int64
	// Key is what jobs have in common that need about as much, such as the repository's name. The most that their accounts
	// had is learned, see [Account], and where that is more than Bytes it counts. "" learns nothing.
	Key string
	// Group is whose job it is, "" for nobody's. One group never has all the workers of a host.
	Group string
}

// Config says how a process takes part in the admission. The zero value works.
type Config struct {
	// Estimate says what a job needs. It is called each time the job is fetched, from many goroutines, outside of all
	// locks and transactions. A panic, and a negative amount, fail that attempt of the job. nil knows nothing of any job.
	Estimate func(*rivertype.JobRow) Estimate
	// Limit is what the jobs of this process' host may use. The zero value is memacct.Auto: what the limit of the
	// process, its cgroup or the machine leaves for content when New is called. memacct.Content(n) is exactly n bytes.
	Limit memacct.Limit
	// Host is the name of the memory that is shared: processes with the same name share one budget. "" is the host's
	// name. The same name on two machines is an error.
	Host string
	// Workers is how many jobs this process runs at once, the sum of River's MaxWorkers. Groups are counted only where
	// all processes of a host say it.
	Workers int
	// GroupShare is the part of a host's workers that one group may have, 0 < GroupShare <= 1. 0 is all but one worker.
	GroupShare float64
	// Patience is how long smaller jobs of the same priority may pass one that waits for room. 0 is 30 seconds.
	Patience time.Duration
	// Heartbeat is how often the process shows that it lives. 0 is 5 seconds. It is kept with the process: others know
	// it, and each process may have its own.
	Heartbeat time.Duration
	// Records is a folder for a record of each job that runs, of 128 KiB, which tells its last minutes if its process is
	// killed; see package record. All processes of a host that can should name the same one: another one reads it. It is
	// removed when the job ends. "" keeps none.
	Records string
	// Logger is told what goes wrong beside a job; nil is slog.Default().
	Logger *slog.Logger
}

// minHeartbeat leaves a process the time to be heard before it is dead.
const minHeartbeat = 10 * time.Millisecond

// filled returns the configuration with defaults, or what is wrong with it.
func (c Config) filled() (Config, error) {
	if c.Host == "" {
		name, err := os.Hostname()
		if err != nil {
			return c, fmt.Errorf("memriver: the name of this host is unknown (%w): set Config.Host", err)
		}
		c.Host = name
	}
	if c.Patience < 0 || c.Heartbeat < 0 || c.Heartbeat > 0 && c.Heartbeat < minHeartbeat {
		return c, fmt.Errorf("memriver: Config.Patience must not be negative, and Config.Heartbeat not below %v", minHeartbeat)
	}
	if c.Workers < 0 || c.GroupShare < 0 || c.GroupShare > 1 {
		return c, errors.New("memriver: Config.Workers must not be negative, and Config.GroupShare is from 0 to 1")
	}
	if c.Patience == 0 {
		c.Patience = 30 * time.Second
	}
	if c.Heartbeat == 0 {
		c.Heartbeat = 5 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, nil
}

// machine tells machines with the same name apart. It is the same for all containers of one.
func machine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "" // not Linux: they can't be told apart
	}
	return strings.TrimSpace(string(boot))
}
