// Package check is what the eleven checks of memvet share: the shape of their
// documentation, the wrapper that keeps a crash inside one package, and the
// directives that silence a finding.
//
// A check is a [Doc] and a function from a [Pass] to findings. [New] turns the
// two into an *analysis.Analyzer, so that no check repeats the plumbing and
// none can forget it.
package check

import (
	"fmt"
	"strings"
)

// BaseURL is where the generated pages of the checks are read; a check's page
// is BaseURL + its name + ".md".
const BaseURL = "https://github.com/syncmem/syncmem/blob/main/docs/checks/"

// Doc is a check's documentation as data. The command's explain, the pages
// under docs/checks, the SARIF rule table and the analyzer's own Doc are all
// printed from it, so they cannot disagree.
type Doc struct {
	Name   string   // the check's name, as used in flags, messages and ignores
	Title  string   // one line, no full stop
	Why    string   // what goes wrong, with its cost
	Before string   // code that is reported
	After  string   // the same work in bounded memory
	More   []Case   // other shapes of it, each with its remedy
	Since  string   // the first release that has the check
	Silent []string // when the check says nothing on purpose
	Fix    string   // what the suggested fix does; "" when there is none
}

// Case is one more shape of a check's hazard.
type Case struct {
	Title         string // what is different about it, without a full stop
	Before, After string
}

// URL returns the address of the check's page.
func (d *Doc) URL() string { return BaseURL + d.Name + ".md" }

// Text is the documentation in the form the analysis framework expects: a
// one-line summary, a blank line, then the body.
func (d *Doc) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\nBefore:\n\n%s\n\nAfter:\n\n%s\n", d.Title, d.Why, indent(d.Before), indent(d.After))
	for _, c := range d.More {
		fmt.Fprintf(&b, "\n%s. Before:\n\n%s\n\nAfter:\n\n%s\n", c.Title, indent(c.Before), indent(c.After))
	}
	if d.Fix != "" {
		fmt.Fprintf(&b, "\nSuggested fix: %s\n", d.Fix)
	}
	b.WriteString("\nSilent on purpose:\n")
	for _, s := range d.Silent {
		fmt.Fprintf(&b, "  - %s\n", s)
	}
	fmt.Fprintf(&b, "\nIgnore one finding with: //memvet:ignore %s REASON\nSince: %s\n", d.Name, d.Since)
	return b.String()
}

// Markdown is the page under docs/checks.
func (d *Doc) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s.\n\n%s\n\n", d.Name, d.Title, d.Why)
	fmt.Fprintf(&b, "## Before\n\n```go\n%s\n```\n\n## After\n\n```go\n%s\n```\n\n", code(d.Before), code(d.After))
	for _, c := range d.More {
		fmt.Fprintf(&b, "## %s\n\nBefore:\n\n```go\n%s\n```\n\nAfter:\n\n```go\n%s\n```\n\n", c.Title, code(c.Before), code(c.After))
	}
	if d.Fix != "" {
		fmt.Fprintf(&b, "## Suggested fix\n\n%s\n\n", d.Fix)
	}
	b.WriteString("## Silent on purpose\n\n")
	for _, s := range d.Silent {
		fmt.Fprintf(&b, "- %s\n", s)
	}
	fmt.Fprintf(&b, "\n## Ignore one finding\n\n```go\n//memvet:ignore %s REASON\n```\n\nSince %s.\n", d.Name, d.Since)
	return b.String()
}

func code(s string) string { return strings.Trim(s, "\n") }

func indent(s string) string {
	return "\t" + strings.ReplaceAll(code(s), "\n", "\n\t")
}
