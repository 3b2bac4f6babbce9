package memacct

import (
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/syncmem/syncmem/internal/bytesize"
)

// Limit says how much memory a sync may use. The zero value is Auto.
type Limit struct {
	kind  limitKind
	bytes int64
	share float64 // of what Auto finds; 0 is all
}

type limitKind uint8

const (
	limitAuto limitKind = iota
	limitProcess
	limitContent
)

// Auto takes the process limit from GOMEMLIMIT (or debug.SetMemoryLimit), else from the cgroup, else half of
// the machine's memory.
func Auto() Limit { return Limit{} }

// Share is that part of Auto, 0 < f <= 1, for several processes in one cgroup.
func Share(f float64) Limit { return Limit{share: f} }

// Process says that this process may use n bytes in all; the budget for content is what that leaves.
func Process(n int64) Limit { return Limit{kind: limitProcess, bytes: n} }

// Content is exactly n bytes of content, whatever the process uses.
func Content(n int64) Limit { return Limit{kind: limitContent, bytes: n} }

// machinePart is the part of a machine's memory that Auto takes where nobody set a limit: other processes
// live there too.
const machinePart = 0.5

// ParseLimit reads a limit as MEMACCT_LIMIT spells it: 800MiB (of process), 60% (of what Auto finds),
// content:64MiB or auto.
func ParseLimit(text string) (Limit, error) {
	s := strings.TrimSpace(text)
	if s == "auto" {
		return Auto(), nil
	}
	if percent, ok := strings.CutSuffix(s, "%"); ok {
		f, err := strconv.ParseFloat(strings.TrimSpace(percent), 64)
		if err != nil || !(f > 0 && f <= 100) {
			return Limit{}, fmt.Errorf("%q is not a part of the limit: write a percentage above 0 and up to 100, such as 60%%", text)
		}
		return Share(f / 100), nil
	}
	kind := Process
	if content, ok := strings.CutPrefix(s, "content:"); ok {
		kind, s = Content, content
	}
	n, err := bytesize.Parse(s)
	if err != nil {
		return Limit{}, err
	}
	if n == 0 {
		return Limit{}, fmt.Errorf("%q leaves no memory at all: write an amount such as 800MiB, or off to run without a limit", text)
	}
	return kind(n), nil
}

// limitSource is a limit found out.
type limitSource struct {
	process int64  // bytes the process may use; 0 when only content is limited
	content int64  // bytes of content
	from    string // where it is from
}

func (s limitSource) String() string {
	if s.process == 0 {
		return fmt.Sprintf("content limit of %s (%s)", bytesize.Format(s.content), s.from)
	}
	return fmt.Sprintf("process limit of %s (%s), at first %s of it for content", bytesize.Format(s.process), s.from, bytesize.Format(s.content))
}

// resolve finds the limit out.
func (l Limit) resolve() (limitSource, error) {
	switch l.kind {
	case limitContent:
		if l.bytes <= 0 {
			return limitSource{}, fmt.Errorf("memacct: a budget of %d bytes holds nothing: use Content(n) with n > 0", l.bytes)
		}
		return limitSource{content: l.bytes, from: "given"}, nil
	case limitProcess:
		return contentOf(l.bytes, "given")
	}
	share := l.share
	if share == 0 {
		share = 1
	}
	if !(share > 0 && share <= 1) {
		return limitSource{}, fmt.Errorf("memacct: Share(%v): a share is above 0 and up to 1", l.share)
	}
	n, from := processLimit()
	return contentOf(int64(float64(n)*share), from)
}

// processLimit finds the process limit and says where. It only reads: memlimit.Set, which most programs call
// for this, overwrites a limit that the application has set.
func processLimit() (int64, string) {
	if n := debug.SetMemoryLimit(-1); n != math.MaxInt64 {
		return n, "GOMEMLIMIT"
	}
	n, err := memlimit.FromCgroup()
	if err == nil && n > 0 && n < math.MaxInt64 {
		return int64(n), "cgroup"
	}
	why := "no cgroup limit"
	if err != nil && !errors.Is(err, memlimit.ErrNoLimit) {
		why = err.Error()
	}
	n, err = memlimit.FromSystem()
	if err != nil || n == 0 || n > math.MaxInt64 {
		const fallback = 1 << 30
		return fallback, "a guess: neither a cgroup limit nor the machine's memory can be read"
	}
	return int64(float64(n) * machinePart), fmt.Sprintf("half of the machine's memory; %s", why)
}
