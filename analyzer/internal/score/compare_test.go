package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCompare(t *testing.T) {
	a := finding{repo: "o/r", file: "a.go", line: 1, message: "m"}
	b := finding{repo: "o/r", file: "b.go", line: 2, message: "m"}
	crash := finding{repo: "o/r", file: "c.go", line: 1, message: "memvet/retain: internal error on package c"}
	for name, c := range map[string]struct {
		here, there []finding
		want        string // of the output, "" when there is no difference
	}{
		"the same":          {[]finding{a, b}, []finding{b, a}, ""},
		"one more there":    {[]finding{a}, []finding{a, b}, "only with go1.27.4: o/r b.go:2"},
		"one more here":     {[]finding{a, b}, []finding{a}, "not with go1.27.4: o/r b.go:2"},
		"twice, and once":   {[]finding{a, a}, []finding{a}, "not with go1.27.4: o/r a.go:1"},
		"a crash in either": {[]finding{crash}, []finding{crash}, "crashed: o/r c.go:1"},
	} {
		var out bytes.Buffer
		err := compare(&out, "go1.27.4", c.here, c.there)
		require.Equal(t, c.want == "", err == nil, name)
		require.Contains(t, out.String(), c.want, name)
	}
}

func TestFolders(t *testing.T) {
	require.Equal(t, []string{".", "./a/b/..."}, folders([]*label{{file: "a/b/x.go"}, {file: "m.go"}, {file: "a/b/y.go"}}))
}
