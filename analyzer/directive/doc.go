// Package directive finds ignores without a reason, malformed or unused.
package directive

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "directive",
	Title: "directive finds //memvet: comments without a reason, malformed, or unused",
	Why: `An ignore says that a person looked and knows why the memory is bounded. Without
the reason nobody can tell whether it still holds, and one that silences nothing
would silence the next hazard on that line without anybody having looked.`,
	Before: `
//memvet:ignore wholeread
body, err := io.ReadAll(r)`,
	After: `
//memvet:ignore wholeread the server caps this answer at 64 KiB
body, err := io.ReadAll(r)`,
	Since: "v0.1.0",
	Silent: []string{
		"ignores in files whose findings are not reported: generated ones, and tests without -firststage.tests",
		"an ignore is judged by the settings of the run: one that is needed only with -firststage.returns is unused without it",
	},
}
