package memacct

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// Mode says how much a budget does.
type Mode uint8

// The modes. Shadow is the safe first deployment: it charges and counts, in [Stats].WouldWait, the puts that
// would have waited, and never makes one wait. Off neither charges nor calls size functions.
const (
	Enforce Mode = iota
	Shadow
	Off
)

// String returns the mode as MEMACCT_MODE spells it.
func (m Mode) String() string {
	return [...]string{"enforce", "shadow", "off"}[m]
}

// Policy says what happens to a unit that still does not fit when nothing is left to drain. The zero value
// is Fail.
type Policy struct {
	overrun int64
}

// Fail refuses such a unit with a [*BudgetError].
func Fail() Policy { return Policy{} }

// Overrun admits such units one at a time, each at most max bytes past the limit, and refuses larger ones.
func Overrun(max int64) Policy { return Policy{overrun: max} }

// String returns the policy as MEMACCT_POLICY spells it.
func (p Policy) String() string {
	if p.overrun <= 0 {
		return "fail"
	}
	return "overrun:" + bytesize.Exact(p.overrun)
}

// GoLimit says what a budget with a process limit does with the Go runtime's own memory limit, of which there is one in
// a process. With one below the process limit, and room for what the runtime does not see, the collector works as hard
// as it must. Without, the heap may grow to twice what lives in it: the budget for content is half as large, and
// collections are forced where memory runs out between two of them.
type GoLimit uint8

// What it does. Auto sets a limit where neither the application nor GOMEMLIMIT did: what they set is left alone. Set keeps
// it below the process limit in any case, never above what they set. Keep never sets it.
const (
	GoLimitAuto GoLimit = iota
	GoLimitSet
	GoLimitKeep
)

// String returns it as MEMACCT_GOMEMLIMIT spells it.
func (g GoLimit) String() string {
	return [...]string{"auto", "set", "keep"}[g]
}

// Config says what a budget is. The zero value works: the limit is found out, the policy is to fail.
type Config struct {
	Limit  Limit
	Policy Policy
	Mode   Mode
	// Logger gets every [Event]; nil is slog.Default().
	Logger *slog.Logger
	// StallAfter is how long nothing may move, though units are in flight or puts wait, before that is reported
	// as an [EventStall]. 0 is DefaultStallAfter; a negative time reports nothing.
	StallAfter time.Duration
	// GoLimit says what the budget may do with the Go runtime's memory limit (debug.SetMemoryLimit). Of several budgets
	// that set it the least counts.
	GoLimit GoLimit
	// RestoreGoLimit has Close put back the Go limit that the application had. Without, one that the budget has set
	// stays, at 90 % of the process limit or so: the process is behind the same limit for as long as it lives, and what
	// a sync leaves behind may grow when it is over.
	RestoreGoLimit bool
	// KeepHugePages leaves transparent huge pages as they are. Without, and with a process limit of 128 MiB or less,
	// a budget turns them off for the process, and for what it starts from then on, where the kernel makes them of
	// whatever it can: with 2 MiB for one written page the heap is full of what nobody uses, and what is left for the
	// program's own code is read from disk again and again. They stay off when the budget is closed.
	KeepHugePages bool
}

// ConfigFromEnv reads the settings an operator makes:
//
//	MEMACCT_LIMIT       800MiB | 60% | content:64MiB | auto | off
//	MEMACCT_SHARE       1/4 or 0.25: this process's part of what auto finds
//	MEMACCT_POLICY      fail | overrun:64MiB
//	MEMACCT_MODE        enforce | shadow | off
//	MEMACCT_GOMEMLIMIT  auto | set | keep: what to do with the Go runtime's own limit, see [GoLimit]
//	MEMACCT_HUGEPAGES   auto | keep: what to do with transparent huge pages, see [Config.KeepHugePages]
//
// What is not set keeps its zero value. An error names the variable and gives an example, here and when [New]
// finds that the limit cannot be. A variable of that kind that is none of these, nor MEMACCT_RECORD, is an error, too.
func ConfigFromEnv() (Config, error) {
	var cfg Config
	variables := []struct {
		name, example string
		set           func(string) error
	}{
		{limitVariable, "800MiB", cfg.setLimit},
		{shareVariable, "1/4", cfg.setShare},
		{"MEMACCT_POLICY", "overrun:64MiB", cfg.setPolicy},
		{"MEMACCT_MODE", "shadow", cfg.setMode},
		{"MEMACCT_GOMEMLIMIT", "set", cfg.setGoLimit},
		{"MEMACCT_HUGEPAGES", "keep", cfg.setHugePages},
	}
	known := []string{recordVariable}
	for _, v := range variables {
		known = append(known, v.name)
		text := strings.TrimSpace(os.Getenv(v.name))
		if text == "" {
			continue
		}
		switch err := v.set(text); {
		case err == errTwoLimits:
			return Config{}, fmt.Errorf("memacct: %s=%s: %w", v.name, text, err)
		case err != nil:
			return Config{}, fmt.Errorf("memacct: %s=%s: %w (for example %s=%s)", v.name, text, err, v.name, v.example)
		}
	}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "MEMACCT_") && !slices.Contains(known, name) {
			// A limit that is misspelled is none, and is noticed when the kernel ends the process.
			return Config{}, fmt.Errorf("memacct: %s is no setting: use %s, or unset it", name, strings.Join(known, ", "))
		}
	}
	return cfg, nil
}

// The names of settings that others need.
const (
	limitVariable  = "MEMACCT_LIMIT"
	shareVariable  = "MEMACCT_SHARE"
	recordVariable = "MEMACCT_RECORD" // package record reads it
)

var errTwoLimits = errors.New("a share is one of what is found automatically: unset MEMACCT_LIMIT, or set that to a percentage and unset this (for example MEMACCT_LIMIT=25%)")

func (c *Config) setLimit(text string) (err error) {
	if text == "off" {
		c.Mode = Off
		return nil
	}
	if c.Limit, err = ParseLimit(text); err == nil && c.Limit != Auto() {
		c.Limit.setting = limitVariable + "=" + text
	}
	return err
}

func (c *Config) setShare(text string) error {
	num, den, fraction := strings.Cut(text, "/")
	f, err := strconv.ParseFloat(num, 64)
	if err == nil && fraction {
		var d float64
		d, err = strconv.ParseFloat(den, 64)
		f /= d
	}
	if err != nil || !(f > 0 && f <= 1) || strings.Contains(text, "-") {
		return errors.New("a share is above 0 and up to 1")
	}
	if c.Limit != (Limit{}) {
		return errTwoLimits
	}
	c.Limit = Share(f)
	c.Limit.setting = shareVariable + "=" + text
	return nil
}

func (c *Config) setGoLimit(text string) error {
	for g := GoLimitAuto; g <= GoLimitKeep; g++ {
		if text == g.String() {
			c.GoLimit = g
			return nil
		}
	}
	return fmt.Errorf("unknown word %q: it is auto, set or keep; an amount belongs in MEMACCT_LIMIT or GOMEMLIMIT", text)
}

func (c *Config) setHugePages(text string) error {
	if text != "auto" && text != "keep" {
		return fmt.Errorf("unknown word %q: it is auto or keep", text)
	}
	c.KeepHugePages = text == "keep"
	return nil
}

func (c *Config) setPolicy(text string) (err error) {
	c.Policy, err = ParsePolicy(text)
	return err
}

// ParsePolicy reads a policy as MEMACCT_POLICY spells it: fail or overrun:64MiB.
func ParsePolicy(text string) (Policy, error) {
	if text == "fail" {
		return Fail(), nil
	}
	amount, ok := strings.CutPrefix(text, "overrun:")
	if !ok {
		return Policy{}, fmt.Errorf("unknown policy %q: it is fail, or overrun: and an amount", text)
	}
	n, err := bytesize.Parse(amount)
	if err != nil {
		return Policy{}, err
	}
	if n == 0 {
		return Policy{}, errors.New("an overrun of nothing is none: use fail")
	}
	return Overrun(n), nil
}

func (c *Config) setMode(text string) error {
	for m := Enforce; m <= Off; m++ {
		if text == m.String() {
			if c.Mode != Off { // MEMACCT_LIMIT=off wins
				c.Mode = m
			}
			return nil
		}
	}
	return fmt.Errorf("unknown mode %q: it is enforce, shadow or off", text)
}
