package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/internal/baseline"
)

// A line of the baseline is stale only for a run that would have found it.
func TestReports(t *testing.T) {
	doubtful := &baseline.Entry{Check: "wholeread", File: "a.go", Message: "m; low confidence: d"}
	inTest := &baseline.Entry{Check: "accumulate", File: "a_test.go", Message: "m"}
	sure := &baseline.Entry{Check: "wholeread", File: "a.go", Message: "m"}
	for _, c := range []struct {
		args []string
		want []bool // doubtful, inTest, sure
	}{
		{nil, []bool{false, false, true}},
		{[]string{"-confidence=low"}, []bool{true, false, true}},
		{[]string{"-firststage.tests"}, []bool{false, true, true}},
		{[]string{"-wholeread=false", "-firststage.tests"}, []bool{false, true, false}},
		{[]string{"-wholeread"}, []bool{false, false, true}},
		{[]string{"-accumulate"}, []bool{false, false, false}},
	} {
		o, err := parseArgs(append(c.args, "-confidence="+level(c.args)))
		require.NoError(t, err)
		have := []bool{o.reports(doubtful), o.reports(inTest), o.reports(sure)}
		require.Equal(t, c.want, have, "%q", c.args)
		_, err = parseArgs([]string{"-confidence=high", "-firststage.tests=false"}) // they are global
		require.NoError(t, err)
	}
}

func level(args []string) string {
	if len(args) > 0 && args[0] == "-confidence=low" {
		return "low"
	}
	return "high"
}

func TestNames(t *testing.T) {
	t.Chdir(t.TempDir())
	for pattern, want := range map[string][2]bool{ // ., sub
		".": {true, false}, "./...": {true, true}, "...": {false, false}, "./sub": {false, true}, "./sub/...": {false, true}, "./other/...": {}, "example.org/a/...": {},
	} {
		o := &options{patterns: []string{pattern}}
		here, err := filepath.Abs(".")
		require.NoError(t, err)
		require.Equal(t, want, [2]bool{o.names(here), o.names(filepath.Join(here, "sub"))}, pattern)
	}
}
