package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is the module's version, the commit if the build knows one, and what it was built with and for.
func version() string {
	v := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		v = info.Main.Version
	}
	if c := commit(); c != "" {
		v += " commit " + c
	}
	return fmt.Sprintf("%s %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// commit is what this program was built from, "" if the build does not know. A "+" says that files were
// changed since.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var c, changed string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			c = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = "+"
		}
	}
	if c == "" {
		return ""
	}
	return c + changed
}
