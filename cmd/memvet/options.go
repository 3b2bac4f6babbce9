package main

import (
	"bytes"
	"flag"
	"fmt"
	"sort"
	"strings"

	"github.com/syncmem/syncmem/analyzer"
)

// options are the command line.
type options struct {
	format        string
	baseline      string
	writeBaseline string
	fix, diff     bool
	pass          []string // flags for go vet: of the checks, and of the build
	patterns      []string
}

// buildFlags are go vet's own, passed on with their value.
var buildFlags = map[string]string{
	"tags":    "comma-separated build `tags`",
	"mod":     "module download `mode`: readonly, vendor or mod",
	"modfile": "alternate go.mod `file`",
}

func parseArgs(args []string) (*options, error) {
	o := &options{}
	fs := flagSet(o)
	var said bytes.Buffer
	fs.SetOutput(&said)
	if err := fs.Parse(args); err != nil {
		return nil, fmt.Errorf("%w; \"memvet help\" lists the flags", err)
	}
	if _, ok := formats[o.format]; !ok {
		return nil, fmt.Errorf("-format %q is none of %s", o.format, strings.Join(formatNames(), ", "))
	}
	if o.diff && !o.fix {
		return nil, fmt.Errorf("-diff needs -fix: it prints the fixes instead of applying them")
	}
	fs.Visit(func(f *flag.Flag) {
		if !own[f.Name] {
			o.pass = append(o.pass, "-"+f.Name+"="+f.Value.String())
		}
	})
	if o.patterns = fs.Args(); len(o.patterns) == 0 {
		o.patterns = []string{"."}
	}
	for _, p := range o.patterns {
		if strings.HasPrefix(p, "-") {
			return nil, fmt.Errorf("the flag %s comes after a package; put flags first", p)
		}
	}
	return o, nil
}

// own are the flags go vet must not see.
var own = map[string]bool{"format": true, "baseline": true, "write-baseline": true, "fix": true, "diff": true}

// flagSet has memvet's flags, the checks' and the build's.
func flagSet(o *options) *flag.FlagSet {
	fs := flag.NewFlagSet("memvet", flag.ContinueOnError)
	fs.StringVar(&o.format, "format", "text", "`format` of the findings: "+strings.Join(formatNames(), ", "))
	fs.StringVar(&o.baseline, "baseline", "", "leave out the findings listed in this `file`")
	fs.StringVar(&o.writeBaseline, "write-baseline", "", "list the findings in this `file` and report none")
	fs.BoolVar(&o.fix, "fix", false, "apply the fixes that are always safe")
	fs.BoolVar(&o.diff, "diff", false, "with -fix, print the fixes instead")
	confidence(fs)
	for _, a := range analyzer.All() {
		fs.Bool(a.Name, false, "run only "+a.Name+"; -"+a.Name+"=false runs all others")
		a.Flags.VisitAll(func(f *flag.Flag) { fs.Var(f.Value, a.Name+"."+f.Name, f.Usage) })
	}
	for name, usage := range buildFlags {
		fs.String(name, "", usage)
	}
	return fs
}

func formatNames() []string {
	var all []string
	for name := range formats {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}
