// Package ungated finds queues of units that no budget accounts for.
package ungated

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "ungated",
	Title: "ungated finds plain or unbounded queues where an accounted one belongs",
	Why: `A channel as long as the list it carries can never make its sender wait: it is the
list, a second time. One goroutine an item is the same, when the limit is taken
inside the goroutine: all of them exist, with what they hold, before the first is
done. And where units go through an accounted gate, a plain channel of the same
units beside it is memory the limit does not see.`,
	Before: `
results := make(chan *Package, len(paths))
for _, p := range paths {
	go func() {
		limit <- struct{}{}
		defer func() { <-limit }()
		results <- load(p)
	}()
}`,
	After: `
results := memacct.NewGate(account, "packages", 16, sizer.Of[*Package])
for _, p := range paths {
	limit <- struct{}{} // before the goroutine exists
	go func() {
		defer func() { <-limit }()
		results.Put(ctx, load(p))
	}()
}`,
	Since: "v0.1.0",
	Silent: []string{
		"a list that the function made anew before the loop that fills it from a channel",
		"channels of errors, signals, strings and numbers",
		"a capacity that is a constant, unless the same units are accounted for elsewhere in the package",
		"a capacity that is the length of a parameter or of a list written in the source",
		"goroutines over such a list, and those whose limit is taken before they start",
		"what is as long as a command line: arguments, also where functions hand them on",
		"by default, a channel of one answer for each of a caller's list, where an answer is no body and has no list of things",
		"as many answers as a caller asks for who says how many it wants; by default, goroutines over names that the caller gave, and over what a call found that was given a list of names or numbers",
	},
}
