package main

import (
	"fmt"
	"io"
	"strings"
)

// crashText is in the message of a check that crashed on a package.
const crashText = ": internal error on package "

// compare prints what the two runs do not share, and the crashes of either. It
// is an error when there is anything to print.
func compare(to io.Writer, toolchain string, found, other []finding) error {
	here := map[string]int{}
	for _, f := range found {
		here[f.String()]++
	}
	bad := crashes(to, found) + crashes(to, other)
	for _, f := range other {
		if here[f.String()]--; here[f.String()] < 0 {
			fmt.Fprintf(to, "only with %s: %s\n", toolchain, f)
			bad++
		}
	}
	for _, f := range found {
		if here[f.String()] > 0 {
			here[f.String()]--
			fmt.Fprintf(to, "not with %s: %s\n", toolchain, f)
			bad++
		}
	}
	fmt.Fprintf(to, "%d findings, %d with %s\n", len(found), len(other), toolchain)
	if bad > 0 {
		return fmt.Errorf("%d differences and crashes", bad)
	}
	return nil
}

func crashes(to io.Writer, found []finding) int {
	n := 0
	for _, f := range found {
		if strings.Contains(f.message, crashText) {
			fmt.Fprintln(to, "crashed:", f)
			n++
		}
	}
	return n
}
