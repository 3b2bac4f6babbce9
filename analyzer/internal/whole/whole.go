// Package whole decides which whole reads and decodes are hazards. The checks
// wholeread and wholedecode share it: the decision is the same, only the call
// that does the damage differs.
package whole

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/syncmem/syncmem/analyzer/internal/check"
	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// Report reports the hazards of the package: the decodes, or the reads. What
// several functions reach through helpers is one finding, with the other places
// beside it.
func Report(p *check.Pass, decode bool) {
	p.Flow.Use(func(pkg *flow.Package) {
		var all []*hazard
		for _, f := range pkg.Funcs {
			for _, s := range f.Sinks() {
				if h := hazardOf(f, s); s.Decode == decode && h != nil {
					all = append(all, h)
				}
			}
		}
		for _, h := range merge(all, func(h *hazard) bool { return p.Ignored(h.s.Call) }) {
			p.Report(h.finding)
		}
	})
}

// hazard is a sink that is worth a finding.
type hazard struct {
	f       *flow.Func
	s       *flow.Sink
	finding check.Finding
	also    []*hazard // the same read, reached from elsewhere
}

// key is equal for the hazards that are one read of one document: the place of
// the read, and what is made of it.
func (h *hazard) key() string {
	name := h.s.Name[strings.LastIndex(h.s.Name, " ")+1:] // the last of the chain
	key := name + " " + h.f.At(h.s)
	for _, t := range targets(h.s) {
		key += " " + h.f.TypeString(h.f.TargetType(t))
	}
	return key
}

// merge keeps one hazard for each key: that of the read itself, else the first
// that is sure. An ignore speaks for its own place: at a call, the other callers
// are still told; at the read itself, nobody is.
func merge(all []*hazard, ignored func(*hazard) bool) []*hazard {
	var kept []*hazard
	at := map[string]int{} // the index in kept, or silenced
	for _, h := range all {
		key := h.key()
		i, seen := at[key]
		switch {
		case ignored(h):
			if h.s.Via == nil {
				if seen && i != silenced {
					kept[i] = nil
				}
				at[key] = silenced
			}
		case !seen:
			at[key] = len(kept)
			kept = append(kept, h)
		case i == silenced:
		case h.before(kept[i]):
			kept[i], h = h, kept[i]
			kept[i].also = append(h.also, h)
		default:
			kept[i].also = append(kept[i].also, h)
		}
	}
	kept = slices.DeleteFunc(kept, func(h *hazard) bool { return h == nil })
	for _, h := range kept {
		h.name()
	}
	return kept
}

// silenced is in the place of an index where the read itself is ignored.
const silenced = -1

// maxNames is how many other functions a message names.
const maxNames = 3

// name says in the finding from where else its read is reached.
func (h *hazard) name() {
	var names []string
	for _, other := range h.also {
		h.finding.Related = append(h.finding.Related, check.Related(other.s.Call, "%s reaches it, too", other.f.Name))
		if other.f.Name != h.f.Name && !slices.Contains(names, other.f.Name) {
			names = append(names, other.f.Name)
		}
	}
	if more := len(names) - maxNames; more > 0 {
		names = append(names[:maxNames], fmt.Sprintf("%d more", more))
	}
	if len(names) > 0 {
		h.finding.Message += "; it is reached from " + strings.Join(names, ", ") + ", too"
	}
}

// before reports whether a finding of h says more than one of the other.
func (h *hazard) before(other *hazard) bool {
	if sure := h.finding.Doubt == ""; sure != (other.finding.Doubt == "") {
		return sure
	}
	return h.s.Via == nil && other.s.Via != nil
}

// Sure reports whether a sink of the function is a hazard that nothing speaks against.
func Sure(f *flow.Func, s *flow.Sink) bool {
	h := hazardOf(f, s)
	return h != nil && h.finding.Doubt == ""
}

// hazardOf is the hazard of a sink, or nil.
func hazardOf(f *flow.Func, s *flow.Sink) *hazard {
	if !s.Stream.Hazard() {
		return nil
	}
	role := f.Role()
	if role.None() || f.Counted() || f.Guarded(s.Call) || f.AsksAbout() || s.Place == flow.Once && f.StatesSize() {
		return nil
	}
	why := evidence(f, s, role)
	if why == "" || !oftenEnough(f, s) || quiet(f, s) {
		return nil
	}
	var related []analysis.RelatedInformation
	if s.Via != nil {
		related = append(related, s.Helper(s.Via.Sink+" is at "+s.Via.At))
	}
	return &hazard{f: f, s: s, finding: check.Finding{
		At:      s.Call,
		Message: fmt.Sprintf("%s holds a whole stream of unknown size in memory: %s; %s (first stage: %s %s)", s.Name, why, advice(f, s, role), f.Name, role.Reason),
		Related: related,
		Doubt:   doubt(f, s, role),
	}}
}

// oftenEnough drops what is one item or one page of many: a loop over items, a
// walk's callback, a page of a stated size. A response that is a list is one
// feed of several, wherever it is asked for.
func oftenEnough(f *flow.Func, s *flow.Sink) bool {
	switch s.Place {
	case flow.PerItem:
		return listIn(f, s) && (s.Stream.Kind == flow.Remote || f.HandsEach() || f.Grand(s)) ||
			s.Stream.Kind == flow.Remote && s.Stream.Unpacked // somebody expects much of each
	case flow.PerPage:
		return !f.Paged(nil)
	}
	return true
}

// listIn reports whether the sink fills a list, or a document that is one.
func listIn(f *flow.Func, s *flow.Sink) bool {
	for _, t := range targets(s) {
		if flow.ShapeOf(f.TargetType(t)) == flow.Collection {
			return true
		}
	}
	return false
}

// targets are what the sink fills, and what its bytes are decoded into.
func targets(s *flow.Sink) []ast.Expr {
	all := s.Decodes[:len(s.Decodes):len(s.Decodes)]
	if s.Target != nil {
		all = append(all, s.Target)
	}
	return all
}

// doubt says what speaks against a hazard, or "".
func doubt(f *flow.Func, s *flow.Sink, role flow.Role) string {
	switch {
	case s.Place == flow.PerItem && !unitsWithin(f, s):
		return "it may be one item of many"
	case s.Place == flow.PerFeed && s.Stream.Kind == flow.Local:
		return "it is one of several files"
	case s.Stream.Kind == flow.Local && !f.Grand(s):
		return "a file of one flat list may be small"
	case f.ReadAsPage(s):
		return "one page of HTML is rarely large"
	case len(targets(s)) == 0 && f.CallersDecodeSmall():
		return "what its callers here decode is small"
	case len(targets(s)) == 0 && f.Returned(s) && f.GivenRequest():
		return "whoever made the request knows how much it asks for"
	case len(targets(s)) == 0 && f.Returned(s) && f.IsTransport():
		return "it is the transport of an API's client, which is asked for one thing more often than for a list"
	case f.AsksOn(s):
		return "it is one page, and the next is asked for"
	case role.Parses && (f.AnswersAPI(s) || s.Stream.Kind == flow.Remote && !f.HandsEach() && f.OfClient()):
		return "it is one of many calls of an API, which answers in pages"
	case s.Stream.Kind == flow.Remote && (f.LooksUp() || role.Parses && !f.HandsEach() && f.NamesOne()):
		return "it asks about one thing"
	case f.Verified(s):
		return "it is verified before it is used"
	case f.TakesMessage(s):
		return "it may be one message of many"
	}
	for _, t := range targets(s) {
		if f.AsksForNewest(f.TargetType(t)) {
			return "it may be a list of the newest"
		}
		if flow.OnePage(f.TargetType(t)) {
			return "it is one page, which says where the next one is"
		}
	}
	if onlyNames(f, s) {
		return "a list of plain names may be short"
	}
	if !f.Large(s) {
		return "nothing here shows that it is large"
	}
	return ""
}

// onlyNames reports whether all that the sink fills are lists of plain strings.
func onlyNames(f *flow.Func, s *flow.Sink) bool {
	names := false
	for _, t := range targets(s) {
		switch {
		case flow.OnlyNames(f.TargetType(t)):
			names = true
		case flow.ShapeOf(f.TargetType(t)) == flow.Collection, flow.ShapeOf(f.TargetType(t)) == flow.Any:
			return false
		}
	}
	return names
}

// unitsWithin reports whether the items of what a response is decoded into are
// handed on one by one: then they are the units, and the document is a list of
// them, however many such documents there are.
func unitsWithin(f *flow.Func, s *flow.Sink) bool {
	for _, t := range targets(s) {
		if o := f.Root(t); s.Stream.Kind == flow.Remote && o != nil && f.HandsEachOf(o) {
			return true
		}
	}
	return false
}

// evidence says why the stream is large, or "" when nothing shows that it is.
func evidence(f *flow.Func, s *flow.Sink, role flow.Role) string {
	all := targets(s)
	for _, t := range all {
		if why := targetEvidence(f, t, role); why != "" {
			return why
		}
	}
	if s.Decode || len(all) > 0 {
		return "" // one document of fixed shape
	}
	return bytesEvidence(f, s, role)
}

// targetEvidence judges what the stream is decoded into: by its type, or by
// the function going through it item by item.
func targetEvidence(f *flow.Func, target ast.Expr, role flow.Role) string {
	t := f.TargetType(target)
	if flow.Syndicated(t) {
		return ""
	}
	name := strings.TrimPrefix(f.TypeString(t), "*")
	shape := flow.ShapeOf(t)
	switch {
	case shape == flow.Collection:
		return "it is decoded into " + name + ", which has every item"
	case shape == flow.Names, role.Stage && shape == flow.Any && !f.IsParam(target):
		return "it is decoded into " + name
	case shape == flow.Lookup:
		return ""
	}
	if o := f.Root(target); o != nil && f.UsesEach(o) {
		return "it is decoded into " + name + ", whose items are gone through one by one"
	}
	return ""
}

// bytesEvidence judges a read whose bytes are not decoded here.
func bytesEvidence(f *flow.Func, s *flow.Sink, role flow.Role) string {
	if f.OnlyInErrors(s) {
		return ""
	}
	if f.DecodesAsAsked() {
		return ""
	}
	if f.StreamedAgain(s) && !f.GivesBack(s) {
		return "it is only read again or written on"
	}
	if f.Returned(s) {
		// A helper that reads its parameter is its callers' business.
		if s.Stream.Kind == flow.Remote && (s.Stream.HTTP || f.Foreign(s)) && !f.Small() {
			return "the body of a response is returned as bytes"
		}
		return ""
	}
	if role.Stage {
		return "nothing bounds it"
	}
	if f.ReturnsAll() && s.Stream.Kind != flow.Local && f.MadeInto(s) {
		return "all that is made of it is returned at once"
	}
	if s.Stream.Kind != flow.Local && f.InPieces(s) && f.HandsEach() {
		return "it is taken apart only when all of it is there"
	}
	return ""
}

// plainList reports whether a response is decoded into a list or a map of things,
// and not into a document that has one: no name says how long a list is. A reader that
// some function opened is no response: it may be one file of an archive.
func plainList(f *flow.Func, s *flow.Sink) bool {
	if s.Stream.Kind != flow.Remote || !s.Stream.HTTP {
		return false
	}
	for _, t := range targets(s) {
		if flow.IsList(f.TargetType(t)) {
			return true
		}
	}
	return false
}

// quiet drops what is small by nature: configuration, credentials, errors.
func quiet(f *flow.Func, s *flow.Sink) bool {
	if plainList(f, s) {
		return false
	}
	if f.Quiet() {
		return true
	}
	for _, t := range targets(s) {
		if f.QuietType(t) || f.TellsAbout(t) {
			return true
		}
	}
	return s.Stream.Open != nil && flow.QuietArgs(s.Stream.Open)
}
