package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const table = "repo\tcommit\tfile\tline\tclass\tlabel\twhy\trole\tseverity\tfunc\n" +
	"o/r\tc\ta.go\t10\twhole-read\tTRUE\t\tstage\thigh\t*T.Fetch\n" +
	"o/r\tc\ta.go\t20\twhole-decode\tFALSE\t\tstage\t\t*T.Fetch\n" +
	"o/r\tc\ta.go\t30\taccumulate\tTRUE\t\tstage\t\t*T.Fetch\n" +
	"o/r\tc\tb.go\t5\twhole-read\tDEBATABLE\t\thelper\t\tread\n"

func load(t *testing.T, text string) ([]*label, error) {
	name := filepath.Join(t.TempDir(), "labels.tsv")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	return readLabels(name)
}

func TestMatch(t *testing.T) {
	roles := []string{"stage", "helper"}
	for name, c := range map[string]struct {
		found []finding
		want  counts
	}{
		"nothing found":         {nil, counts{fn: 2, tn: 1}},
		"by line":               {[]finding{{repo: "o/r", file: "a.go", line: 12, check: "wholeread"}}, counts{tp: 1, fn: 1, tn: 1}},
		"by function and group": {[]finding{{repo: "o/r", file: "a.go", line: 15, check: "wholedecode", fn: "(*T).Fetch"}}, counts{tp: 1, fp: 1, fn: 1}},
		"a line's verdict keeps it from the function's others": {[]finding{{repo: "o/r", file: "a.go", line: 10, check: "wholeread", fn: "(*T).Fetch"}}, counts{tp: 1, fn: 1, tn: 1}},
		"another group":    {[]finding{{repo: "o/r", file: "a.go", line: 10, check: "accumulate", fn: "x"}}, counts{fn: 2, tn: 1}},
		"another file":     {[]finding{{repo: "o/r", file: "c.go", line: 10, check: "wholeread"}}, counts{fn: 2, tn: 1}},
		"debatable, apart": {[]finding{{repo: "o/r", file: "b.go", line: 5, check: "wholeread"}}, counts{fn: 2, tn: 1, debatable: 1}},
	} {
		labels, err := load(t, table)
		require.NoError(t, err)
		match(labels, c.found)
		require.Equal(t, c.want, count(labels, roles, "all"), name)
	}
}

func TestLabelsSayWhatIsWrong(t *testing.T) {
	_, err := load(t, "repo\tfile\n")
	require.ErrorContains(t, err, `no column "line"`)
	_, err = load(t, "repo\tfile\tline\tclass\tlabel\twhy\trole\tfunc\no/r\ta.go\tten\n")
	require.ErrorContains(t, err, "labels.tsv:2")
	_, err = load(t, "")
	require.ErrorContains(t, err, "no header")
}

func TestIntervals(t *testing.T) {
	require.Equal(t, "-", ratio(0, 0))
	require.Equal(t, "1.00 (0.72-1.00)", ratio(10, 10))
	require.Equal(t, "0.50 (0.24-0.76)", ratio(5, 10))
}

// A doubt is judged by the labels of the other repositories alone.
func TestLeftOut(t *testing.T) {
	var labels []*label
	var found []finding
	add := func(repo, verdict, doubt string) {
		line := 10 * (len(labels) + 1)
		labels = append(labels, &label{repo: repo, file: "a.go", line: line, class: "whole-read", verdict: verdict, role: "stage", fn: repo})
		found = append(found, finding{repo: repo, file: "a.go", line: line, check: "wholeread", doubt: doubt})
	}
	for range 8 { // as many as it takes to be shown: Laplace has 9 of 10
		add("one", "TRUE", "quiet")
		add("two", "TRUE", "item")
	}
	add("one", "FALSE", "item")
	add("two", "FALSE", "quiet")
	add("two", "TRUE", "")
	add("two", "TRUE", "once") // one label is no measure
	require.Equal(t, map[string]bool{"": true, "item": true, "once": false}, admit(labels, found, "one"))
	require.Equal(t, map[string]bool{"": true, "quiet": true}, admit(labels, found, "two"))
}

func TestCausesAndModes(t *testing.T) {
	labels, err := load(t, table)
	require.NoError(t, err)
	found := []finding{{repo: "o/r", file: "a.go", line: 10, check: "wholeread", doubt: "it may be small"}}
	sure, low := judge(labels, sureOf(found)), judge(labels, found)
	require.Equal(t, counts{fn: 2, tn: 1}, count(sure, inScope, "all"))
	require.Equal(t, counts{tp: 1, fn: 1, tn: 1}, count(low, inScope, "all"))
	var out bytes.Buffer
	printCauses(&out, sure, low)
	require.Contains(t, out.String(), "1  kept back, it may be small")
	require.Contains(t, out.String(), "1  not seen, accumulate in a stage")
}
