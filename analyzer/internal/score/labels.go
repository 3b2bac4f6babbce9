package main

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// label is one row of the labels file.
type label struct {
	repo, file    string
	line          int
	class         string // whole-read, accumulate, ...
	verdict       string // TRUE, FALSE or DEBATABLE
	why, role, fn string
	hit           *finding // the finding that matched it
}

// columns the labels file must have, in any order.
var columns = []string{"repo", "file", "line", "class", "label", "why", "role", "func"}

func readLabels(name string) ([]*label, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows := bufio.NewScanner(f)
	rows.Buffer(nil, 1<<20)
	if !rows.Scan() {
		return nil, fmt.Errorf("%s: no header line", name)
	}
	at, err := header(name, rows.Text())
	if err != nil {
		return nil, err
	}
	var all []*label
	for n := 2; rows.Scan(); n++ {
		col := strings.Split(rows.Text(), "\t")
		get := func(c string) string {
			if i := at[c]; i < len(col) {
				return col[i]
			}
			return ""
		}
		line, err := strconv.Atoi(get("line"))
		if err != nil {
			return nil, fmt.Errorf("%s:%d: the line column is no number: %w", name, n, err)
		}
		all = append(all, &label{
			repo: get("repo"), file: get("file"), line: line, class: get("class"),
			verdict: get("label"), why: get("why"), role: get("role"), fn: get("func"),
		})
	}
	return all, rows.Err()
}

func header(name, line string) (map[string]int, error) {
	at := map[string]int{}
	for i, c := range strings.Split(line, "\t") {
		at[c] = i
	}
	for _, c := range columns {
		if _, ok := at[c]; !ok {
			return nil, fmt.Errorf("%s:1: no column %q; the header names the columns, separated by tabs", name, c)
		}
	}
	return at, nil
}

func repos(labels []*label) []string {
	var all []string
	for _, l := range labels {
		all = append(all, l.repo)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// folders are patterns for the packages of the labels: with what is below them, as
// a folder whose files this platform leaves out is an error only by itself.
func folders(labels []*label) []string {
	var all []string
	for _, l := range labels {
		if dir := path.Dir(l.file); dir == "." {
			all = append(all, ".")
		} else {
			all = append(all, "./"+dir+"/...")
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func classes(labels []*label) []string {
	var all []string
	for _, l := range labels {
		all = append(all, l.class)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// groups maps the checks and the labels' classes onto groups: a whole read and
// a whole decode of one stream are one hazard.
var groups = map[string]string{
	"wholeread": "whole", "wholedecode": "whole", "whole-read": "whole", "whole-decode": "whole",
	"accumulate": "accumulate", "trackedcopy": "copy", "dup-state": "copy",
	"pinning": "pin", "truncated": "truncated", "substring-pin": "pin", "ungated": "queue", "unbounded-queue": "queue",
	"retain": "retain", "lease": "lease", "item-release": "lease",
}

// judge matches copies of the labels with the findings.
func judge(labels []*label, found []finding) []*label {
	all := make([]*label, len(labels))
	for i, l := range labels {
		c := *l
		c.hit = nil
		all[i] = &c
	}
	match(all, found)
	return all
}

// match gives each label the finding that hits it: of its group, in its file,
// within two lines; else of its group in its function. A finding that hits a
// label by line does not hit others of the function with another verdict, so
// that two calls of one helper are told apart.
func match(labels []*label, found []finding) {
	byLine := map[*finding]string{}
	for _, l := range labels {
		for i := range found {
			f := &found[i]
			if l.same(f) && f.line >= l.line-2 && f.line <= l.line+2 {
				l.hit, byLine[f] = f, l.verdict
			}
		}
	}
	for _, l := range labels {
		for i := range found {
			f := &found[i]
			if v, ok := byLine[f]; l.hit == nil && l.same(f) && sameFunc(l.fn, f.fn) && (!ok || v == l.verdict) {
				l.hit = f
			}
		}
	}
}

func (l *label) same(f *finding) bool {
	return l.repo == f.repo && l.file == f.file && groups[l.class] == groups[f.check]
}

// sameFunc compares "*T.Method" with "(*T).Method".
func sameFunc(a, b string) bool {
	plain := strings.NewReplacer("(", "", ")", "", "*", "").Replace
	return plain(a) == plain(b)
}

type counts struct{ tp, fn, fp, tn, debatable int }

func count(labels []*label, roles []string, class string) counts {
	var c counts
	for _, l := range labels {
		if !slices.Contains(roles, l.role) || class != "all" && l.class != class {
			continue
		}
		hit := l.hit != nil
		switch {
		case l.verdict == "TRUE" && hit:
			c.tp++
		case l.verdict == "TRUE":
			c.fn++
		case l.verdict == "FALSE" && hit:
			c.fp++
		case l.verdict == "FALSE":
			c.tn++
		case hit:
			c.debatable++
		}
	}
	return c
}
