package memacct

import (
	"fmt"
	"math"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/syncmem/syncmem/internal/bytesize"
	"github.com/syncmem/syncmem/memacct/internal/govern"
	"github.com/syncmem/syncmem/memacct/internal/host"
)

// Limit says how much memory a sync may use. The zero value is Auto.
type Limit struct {
	kind  limitKind
	bytes int64
	share float64 // of what Auto finds; 0 is all
	// setting is how an operator spelled it, such as MEMACCT_LIMIT=64GiB; "" for a program's own.
	setting string
}

type limitKind uint8

const (
	limitAuto limitKind = iota
	limitProcess
	limitContent
)

// Auto takes the process limit from GOMEMLIMIT (or debug.SetMemoryLimit), else from the cgroup, else half of
// the machine's memory. Of the cgroup, v1 or v2, and all those above it, the least of memory.max and
// memory.high counts; a GOMEMLIMIT above that does not. All of it is only read, and the budget follows: the limits
// are read again after each collection and with the content that goes through the gates, the groups found anew each
// second.
//
// A container sees its own group, but none above it. Where a pod has a limit and this container has none, give it the
// pod's by GOMEMLIMIT: docs/operating.md has how. An [EventAlarm] says so where the own group can't be seen either.
func Auto() Limit { return Limit{} }

// Share is that part of Auto, 0 < f <= 1, for several processes in one cgroup. Any other part is an error of [New].
func Share(f float64) Limit {
	if f == 0 { // a setting that was not made must not be all there is
		f = math.NaN()
	}
	return Limit{share: f}
}

// Process says that this process may use n bytes in all; the budget for content is what that leaves. More than
// the cgroup allows, or the machine has, is an error.
func Process(n int64) Limit { return Limit{kind: limitProcess, bytes: n} }

// Named is l as it was spelled by an operator, such as --limit=64MiB: errors and logs name that setting, and give
// their examples in its form. What [ConfigFromEnv] returns is named already.
func (l Limit) Named(setting string) Limit {
	l.setting = setting
	return l
}

// Content is exactly n bytes of content, whatever the process uses.
func Content(n int64) Limit { return Limit{kind: limitContent, bytes: n} }

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
	if v, err := strconv.ParseFloat(s, 64); err == nil && v != 0 {
		return Limit{}, fmt.Errorf("%q has no unit: write %sMiB for mebibytes", text, s)
	}
	n, err := bytesize.Parse(s)
	if s != "" && strings.Trim(s, "0.") == "" || err == nil && n == 0 {
		return Limit{}, fmt.Errorf("%q leaves no memory at all: write an amount, or off to run without a limit", text)
	}
	if err != nil {
		return Limit{}, fmt.Errorf("%w; or a part such as 60%%, content: and an amount, or auto", err)
	}
	return kind(n), nil
}

// limitSource is a limit found out.
type limitSource struct {
	process int64                     // bytes the process may use; 0 when only content is limited
	content int64                     // bytes of content
	from    string                    // where it is from
	looked  string                    // what else was looked at, and did not decide
	unsure  error                     // why there may be a lower one; nil if there is not
	beyond  string                    // that the Go memory limit is above what the kernel enforces, if it is
	least   func(content int64) int64 // the least process limit, about, that leaves so much for content

	smallPages bool // transparent huge pages were turned off for it
}

// leaving is a limit that leaves so many bytes for content.
func (s limitSource) leaving(content int64) int64 {
	if s.process == 0 {
		return content
	}
	return s.least(content)
}

func (s limitSource) String() string {
	if s.process == 0 {
		return fmt.Sprintf("content limit of %s (%s)", bytesize.Format(s.content), s.from)
	}
	from := s.from
	if s.looked != "" {
		from += "; " + s.looked
	}
	text := fmt.Sprintf("process limit of %s (%s), at first %s of it for content", bytesize.Format(s.process), from, bytesize.Format(s.content))
	if s.smallPages {
		text += ", transparent huge pages off"
	}
	return text
}

// String returns the limit as the operator spelled it, or as a program does.
func (l Limit) String() string {
	switch {
	case l.setting != "":
		return l.setting
	case l.kind == limitProcess:
		return fmt.Sprintf("Process(%d)", l.bytes)
	case l.kind == limitContent:
		return fmt.Sprintf("Content(%d)", l.bytes)
	case l.share != 0:
		return fmt.Sprintf("Share(%v)", l.share)
	}
	return "Auto()"
}

// bad is the error for a limit that cannot be, with one of n bytes that can.
func (l Limit) bad(n int64, format string, args ...any) error {
	return fmt.Errorf("memacct: %v: %s (for example %s)", l, fmt.Sprintf(format, args...), l.example(n))
}

// example is a limit of n bytes or a little more, as whoever set l would spell it.
func (l Limit) example(n int64) string {
	n = (n + bytesize.MiB - 1) / bytesize.MiB
	name, kind, call := strings.SplitN(l.setting, "=", 2)[0], "", "Process"
	if l.kind == limitContent {
		kind, call = "content:", "Content"
	}
	switch name {
	case "":
		return fmt.Sprintf("%s(%d << 20)", call, n)
	case shareVariable:
		return fmt.Sprintf("%s=%dMiB instead of it", limitVariable, n)
	}
	return fmt.Sprintf("%s=%s%dMiB", name, kind, n)
}

// find finds the limit out, without what of it is for content and whether there is that much.
func (l Limit) find(h *host.Host, w host.Walls) (limitSource, error) {
	switch l.kind {
	case limitContent:
		if l.bytes <= 0 {
			return limitSource{}, l.bad(64*bytesize.MiB, "a budget of %d bytes holds nothing: use Content(n) with n > 0, or Process(n)", l.bytes)
		}
		return limitSource{content: l.bytes, from: l.given()}, nil
	case limitProcess:
		if l.bytes <= 0 {
			return limitSource{}, l.bad(800*bytesize.MiB, "a process limit of %d bytes: use Process(n) with n > 0", l.bytes)
		}
		s := limitSource{process: l.bytes, from: l.given(), looked: w.String()}
		if set := h.GoLimit(); set != math.MaxInt64 {
			s.looked = host.Describe(host.GoLimitName, set) + ", " + s.looked
		}
		return s, nil
	}
	share := l.share
	if share == 0 {
		share = 1
	}
	if !(share > 0 && share <= 1) {
		return limitSource{}, fmt.Errorf("memacct: %v: a share is above 0 and up to 1, for example Share(0.25)", l)
	}
	found := h.FindLimit(w)
	s := limitSource{process: found.Bytes, from: found.From, looked: found.Looked, unsure: found.Unsure}
	if share < 1 {
		s.from = fmt.Sprintf("%.4g%% of the %s of %s", 100*share, bytesize.Format(s.process), s.from)
	}
	s.process = int64(float64(s.process) * share)
	return s, nil
}

// given is where a limit is from that the program sets.
const given = "given"

// given is where a limit is from that was not looked for: the operator's setting, or the program.
func (l Limit) given() string {
	if l.setting != "" {
		return l.setting
	}
	return given
}

// page is the largest page that a kernel has, in bytes.
const page = 64 << 10

// resolve finds the limit out, and checks that it can be held here; SetGo says that the Go runtime will be
// given a limit below it, used how many bytes the process uses for what is not content.
func (l Limit) resolve(h *host.Host, setGo bool, used int64) (limitSource, error) {
	w := h.Walls()
	s, err := l.find(h, w)
	s.beyond = h.Beyond(w, setGo && l.kind != limitContent)
	if err != nil || l.kind == limitContent {
		return s, err
	}
	most, name := h.Ceiling(w)
	if s.process-page > most { // the kernel rounds a limit down to a page
		return limitSource{}, l.bad(most*9/10, "a process limit of %s is more than there is: %s is %s, and the kernel would end the process there; set less",
			bytesize.Format(s.process), name, bytesize.Format(most))
	}
	s.process = min(s.process, most)
	room := min(s.process, w.Room())
	content, least := govern.FirstContent(room, used, govern.Collector{Percent: host.GOGC(), Limit: debug.SetMemoryLimit(-1), SetGo: setGo})
	s.least = func(content int64) int64 { return least(content) + s.process - room }
	if content < govern.MinContent {
		files := ""
		if room < s.process {
			files = fmt.Sprintf(", and its cgroup must keep %s of files", bytesize.Format(s.process-room))
		}
		if s.from == host.GoLimitName {
			l.setting = s.from
		}
		least := s.least(govern.MinContent)
		small := fmt.Sprintf("a process limit of %s (%s) is too small: the program itself uses %s before any content%s",
			bytesize.Format(s.process), s.from, bytesize.Format(used), files)
		if least > most { // no setting helps
			return limitSource{}, fmt.Errorf("memacct: %v: %s; it needs %s or more, and %s is %s: raise that",
				l, small, bytesize.Format(least), name, bytesize.Format(most))
		}
		return limitSource{}, l.bad(least, "%s; set %s or more", small, bytesize.Format(least))
	}
	s.content = content
	if room < s.process {
		s.looked = strings.TrimPrefix(s.looked+"; "+bytesize.Format(s.process-room)+" of it left to files", "; ")
	}
	return s, nil
}
