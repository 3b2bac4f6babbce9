package flow

import (
	"fmt"
	"strings"
)

// Options are the settings every check shares. They are flags of the
// "firststage" analyzer; config files and the environment would be wrong here,
// since neither is part of the key under which go vet caches results.
var Options = struct {
	Returns  bool   // functions that return or keep all they parsed are first stages too
	Low      Level  // report what is less sure, too
	Tests    bool   // report in _test.go files
	MaxBound int64  // a limit above this many bytes is none
	Queues   List   // types whose Put makes the caller a first stage
	Outs     List   // types whose presence as a parameter, without an In, does
	Ifaces   List   // interfaces whose methods are first stages
	Baseline string // name of the file that lists the accepted findings
}{
	Returns:  true,
	MaxBound: 16 << 20,
	Queues:   List{memacct + ".Gate", memacct + ".Queue"},
	Outs:     List{pipeline + ".Out"},
}

const (
	module   = "github.com/syncmem/syncmem/"
	memacct  = module + "memacct"
	pipeline = module + "pipeline"
)

// List is a comma-separated flag.
type List []string

// String is the flag's text.
func (l *List) String() string { return strings.Join(*l, ",") }

// Set replaces the list, and never fails.
func (l *List) Set(s string) error {
	*l = (*l)[:0:0]
	for _, e := range strings.Split(s, ",") {
		if e = strings.TrimSpace(e); e != "" {
			*l = append(*l, e)
		}
	}
	return nil
}

// Has reports whether the list names the type pkg.name.
func (l List) Has(pkg, name string) bool {
	for _, e := range l {
		if e == pkg+"."+name {
			return true
		}
	}
	return false
}

// Level is the flag that says how sure a finding must be to be reported: high,
// the default, or low for the rest as well.
type Level bool

// String is the flag's text.
func (l *Level) String() string {
	if l != nil && bool(*l) {
		return "low"
	}
	return "high"
}

// Set takes high or low.
func (l *Level) Set(s string) error {
	switch s {
	case "high":
		*l = false
	case "low":
		*l = true
	default:
		return fmt.Errorf("a confidence is high or low, not %q", s)
	}
	return nil
}
