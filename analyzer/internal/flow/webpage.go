package flow

import "slices"

// summarizePages notes the parameters that are readers of a page of HTML.
func (f *Func) summarizePages(s *Summary) {
	for _, sink := range f.Sinks() {
		if sink.Stream.Kind == FromParam && sink.Format == "html" && !slices.Contains(s.Pages, sink.Stream.Param) {
			s.Pages = append(s.Pages, sink.Stream.Param)
		}
	}
	slices.Sort(s.Pages)
}

// ReadAsPage reports whether the bytes of a sink are one page of HTML: they are parsed
// as that here, or given to a function that does.
func (f *Func) ReadAsPage(s *Sink) bool {
	if s.Format == "html" {
		return true
	}
	for _, call := range f.Calls {
		fn := f.Callee(call)
		if fn == nil || call.Pos() < s.Call.End() {
			continue
		}
		for _, i := range f.Pkg.SummaryOf(fn).Pages {
			if a := arg(call, i); a != nil && f.StreamOf(a).Whole == s {
				return true
			}
		}
	}
	return false
}
