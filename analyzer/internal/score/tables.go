package main

import (
	"fmt"
	"io"
	"math"
	"sort"
	"strings"
	"text/tabwriter"
)

// inScope are the roles that memvet is for.
var inScope = []string{"stage", "helper"}

// printTables prints one mode's table: by class, and by repository.
func printTables(to io.Writer, mode string, labels []*label) {
	w := tabwriter.NewWriter(to, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "%s, roles\tof\tTP\tFN\tFP\tquiet\tdebatable\tprecision\trecall\t\n", mode)
	for _, roles := range [][]string{inScope, {"stage"}, {"helper"}, {"other"}} {
		for _, class := range append(classes(labels), "all") {
			row(w, strings.Join(roles, "+"), class, count(labels, roles, class))
		}
	}
	for _, repo := range repos(labels) {
		row(w, "stage+helper", repo, count(of(labels, repo), inScope, "all"))
	}
	w.Flush()
	fmt.Fprintln(to)
}

func row(w io.Writer, roles, of string, c counts) {
	if c == (counts{}) {
		return
	}
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t\n", roles, of,
		c.tp, c.fn, c.fp, c.tn, c.debatable, ratio(c.tp, c.tp+c.fp), ratio(c.tp, c.tp+c.fn))
}

// of are the labels of one repository.
func of(labels []*label, repo string) []*label {
	var some []*label
	for _, l := range labels {
		if l.repo == repo {
			some = append(some, l)
		}
	}
	return some
}

// ratio is a of b with its 95 % interval, Wilson's.
func ratio(a, b int) string {
	if b == 0 {
		return "-"
	}
	low, high := wilson(a, b)
	return fmt.Sprintf("%.2f (%.2f-%.2f)", float64(a)/float64(b), low, high)
}

func wilson(a, b int) (low, high float64) {
	const z = 1.96
	n, p := float64(b), float64(a)/float64(b)
	mid := p + z*z/(2*n)
	half := z * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return max(0, (mid-half)/(1+z*z/n)), min(1, (mid+half)/(1+z*z/n))
}

// admitted is the precision a doubt needs in the other repositories for its
// findings to be reported by default.
const admitted = 0.9

// printLeftOut judges each repository by the doubts that the labels of the
// others admit.
func printLeftOut(to io.Writer, labels []*label, found []finding) {
	var c counts
	for _, repo := range repos(labels) {
		shown := admit(labels, found, repo)
		var some []finding
		for _, f := range found {
			if f.repo == repo && shown[f.doubt] {
				some = append(some, f)
			}
		}
		c.add(count(judge(of(labels, repo), some), inScope, "all"))
	}
	w := tabwriter.NewWriter(to, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "each repository left out\tof\tTP\tFN\tFP\tquiet\tdebatable\tprecision\trecall\t\n")
	row(w, "stage+helper", "all", c)
	w.Flush()
	fmt.Fprintln(to)
}

// admit says which doubts' findings to show, from the labels of every
// repository but one. What a few labels say is no measure, so the share is
// Laplace's: a doubt that two labels speak for and none against has 3 of 4.
func admit(labels []*label, found []finding, without string) map[string]bool {
	right, wrong := map[string]int{}, map[string]int{}
	for _, l := range judge(labels, found) {
		if l.hit == nil || l.repo == without {
			continue
		}
		switch l.verdict {
		case "TRUE":
			right[l.hit.doubt]++
		case "FALSE":
			wrong[l.hit.doubt]++
		}
	}
	shown := map[string]bool{"": true}
	for doubt, n := range right {
		if doubt != "" {
			shown[doubt] = float64(n+1) >= admitted*float64(n+wrong[doubt]+2)
		}
	}
	return shown
}

func (c *counts) add(d counts) {
	c.tp += d.tp
	c.fn += d.fn
	c.fp += d.fp
	c.tn += d.tn
	c.debatable += d.debatable
}

// printCauses counts the misses: those of the default mode by the doubt that
// kept them back, the others by class.
func printCauses(to io.Writer, sure, low []*label) {
	causes := map[string]int{}
	for i, l := range sure {
		switch {
		case l.verdict != "TRUE" || l.hit != nil:
		case low[i].hit != nil:
			causes["kept back, "+low[i].hit.doubt]++
		default:
			causes["not seen, "+l.class+" in a "+l.role]++
		}
	}
	var names []string
	for c := range causes {
		names = append(names, c)
	}
	sort.Slice(names, func(i, j int) bool {
		return causes[names[i]] > causes[names[j]] || causes[names[i]] == causes[names[j]] && names[i] < names[j]
	})
	fmt.Fprintln(to, "misses by cause")
	for _, c := range names {
		fmt.Fprintf(to, "%4d  %s\n", causes[c], c)
	}
	fmt.Fprintln(to)
}
