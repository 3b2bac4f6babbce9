// Package unfiltered finds lists that are asked for whole and filtered here.
package unfiltered

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "unfiltered",
	Title: "unfiltered finds lists that are asked for without options and filtered afterwards (opt-in)",
	Why: `A list call that takes options and is given none returns everything there is, and
the code behind it keeps the few it wanted. In a handler or a loop that is paid
each time: the memory of all items for one of them. The other side can filter,
or say it page by page. Whether it can is written in its documentation and not in
the code, so the check is silent until it is asked for: -unfiltered runs it
alone, -unfiltered.on with the others.`,
	Before: `
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	all, err := s.client.List(r.Context(), ListOptions{})
	if err != nil {
		return
	}
	for _, item := range all {
		if item.Owner == r.FormValue("owner") {
			write(w, item)
		}
	}
}`,
	After: `
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	mine, err := s.client.List(r.Context(), ListOptions{Owner: r.FormValue("owner")})
	if err != nil {
		return
	}
	for _, item := range mine {
		write(w, item)
	}
}`,
	Since: "v0.1.0",
	Silent: []string{
		"neither -unfiltered nor -unfiltered.on is given",
		"the call takes no options, or is given some",
		"it runs once: outside of handlers and loops",
		"everything that was listed is used",
	},
}
