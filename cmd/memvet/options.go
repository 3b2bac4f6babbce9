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
	shrink        bool
	fix, diff     bool
	low, tests    bool            // what the flags of that name say
	checks        map[string]bool // the checks that are on
	pass          []string        // flags for go vet: of the checks, and of the build
	build         []string        // those of the build
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
	if o.shrink && o.baseline == "" {
		return nil, fmt.Errorf("-shrink needs -baseline: it takes the lines out of that file whose findings are gone")
	}
	fs.Visit(func(f *flag.Flag) {
		arg := "-" + f.Name + "=" + f.Value.String()
		if !own[f.Name] {
			o.pass = append(o.pass, arg)
		}
		if _, ok := buildFlags[f.Name]; ok {
			o.build = append(o.build, arg)
		}
	})
	o.low = fs.Lookup("confidence").Value.String() == "low"
	o.tests = fs.Lookup("firststage.tests").Value.String() == "true"
	o.checks = checksOn(fs)
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
var own = map[string]bool{"format": true, "baseline": true, "write-baseline": true, "shrink": true, "fix": true, "diff": true}

// flagSet has memvet's flags, the checks' and the build's.
func flagSet(o *options) *flag.FlagSet {
	fs := flag.NewFlagSet("memvet", flag.ContinueOnError)
	fs.StringVar(&o.format, "format", "text", "`format` of the findings: "+strings.Join(formatNames(), ", "))
	fs.StringVar(&o.baseline, "baseline", "", "leave out the findings listed in this `file`, and report its lines that are stale")
	fs.StringVar(&o.writeBaseline, "write-baseline", "", "list the findings in this `file` and report none")
	fs.BoolVar(&o.shrink, "shrink", false, "with -baseline, take the stale lines out of the file instead")
	fs.BoolVar(&o.fix, "fix", false, "apply the fixes that are always safe")
	fs.BoolVar(&o.diff, "diff", false, "with -fix, print the fixes instead")
	short(fs, "confidence")
	for _, a := range analyzer.All() {
		fs.Bool(a.Name, false, "run only "+a.Name+"; -"+a.Name+"=false runs all others")
		a.Flags.VisitAll(func(f *flag.Flag) {
			if f.Name != "baseline" { // -baseline of this command has the whole run's view
				fs.Var(f.Value, a.Name+"."+f.Name, f.Usage)
			}
		})
	}
	for name, usage := range buildFlags {
		fs.String(name, "", usage)
	}
	return fs
}

// checksOn are the checks that the flags leave on, by go vet's rule: one that is
// named with true runs alone with the others so named.
func checksOn(fs *flag.FlagSet) map[string]bool {
	on, named := map[string]bool{}, map[string]bool{}
	for _, d := range analyzer.Docs() {
		on[d.Name] = true
	}
	if fs.Lookup("unfiltered.on").Value.String() != "true" {
		delete(on, "unfiltered") // the one that must be asked for
	}
	fs.Visit(func(f *flag.Flag) {
		switch {
		case f.Name == "unfiltered" && f.Value.String() == "true":
			named[f.Name] = true
		case !on[f.Name]:
		case f.Value.String() == "true":
			named[f.Name] = true
		default:
			delete(on, f.Name)
		}
	})
	if len(named) > 0 {
		return named
	}
	return on
}

func formatNames() []string {
	var all []string
	for name := range formats {
		all = append(all, name)
	}
	sort.Strings(all)
	return all
}
