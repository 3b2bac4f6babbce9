// Package debugpage shows a [memacct.Budget] to people and scripts, over HTTP.
//
//	debugpage.Mount(http.DefaultServeMux, "/debug/memacct", budget)
//
// The handler answers in one of these formats: by ?format=, else by what the client accepts.
//
//	html    a live page with charts and tables, for browsers
//	text    the same figures as aligned text, for curl and a terminal
//	json    a [Snapshot], for scripts: its keys stay
//	report  who waits where, and why nothing moves
//
// The page needs nothing but this handler: no other host, no inline script. It asks once a second while its tab
// is visible, and keeps the last ten minutes in the browser; the server keeps nothing and runs nothing in
// between. An answer costs the process one [memacct.Budget.Stats], tens of microseconds, and its text; a report costs
// a traceback of all goroutines beside, 25 ms at ten thousand of them, in which nothing else runs.
//
// # Where to serve it
//
// On an address that only operators reach: as with net/http/pprof there is no password. Nothing can be changed
// through it, and no unit's content is shown, but names of accounts, queues and Go types are, the source lines of
// leases that were misused, and in a report the function and line at which each stage is.
//
// The handler does not look at the path, so it can be mounted anywhere, also behind a proxy's prefix. A mux that is
// given a path without a trailing slash answers 404 to the one with it: [Mount] serves both. Several budgets have a
// handler each.
//
// The charts are drawn by uPlot 1.6.32, https://github.com/leeoniya/uPlot: static/uplot.js and static/uplot.css are
// dist/uPlot.iife.min.js and dist/uPlot.min.css of npm's uplot, unchanged, with its MIT license beside them.
package debugpage
