package whole

import (
	"go/types"

	"github.com/syncmem/syncmem/analyzer/internal/flow"
)

// steps say how a document of each format is gone through without holding it.
var steps = map[string]string{
	"json":    "step through it with Token and More, and Decode one item at a time",
	"xml":     "go through it with Token, and DecodeElement each item",
	"yaml":    "Decode one document after the other; a list in one YAML document has no streaming form, so bound that and fail beyond the bound",
	"toml":    "TOML has no streaming form: bound it, and fail beyond the bound",
	"csv":     "loop over Read with ReuseRecord",
	"html":    "go through it with html.NewTokenizer",
	"proto":   "read one message at a time, as protodelim does",
	"gob":     "Decode one item at a time, as it was encoded",
	"cbor":    "Decode one item at a time, as it was encoded",
	"msgpack": "Decode one item at a time, as it was encoded",
}

// advice says what to do about a sink: by where its bytes come from, which
// decoder takes them, and what the function must hand on instead.
func advice(f *flow.Func, s *flow.Sink, role flow.Role) string {
	text := from(f, s, step(f, s))
	if role.Parses {
		if shape := f.Reshaped(); shape != "" {
			text += "; " + shape
		}
	}
	return text
}

// step says how what the sink reads is gone through piece by piece.
func step(f *flow.Func, s *flow.Sink) string {
	if s.Format == "json" && fillsMap(f, s) {
		return "step through it with Token for each key, and Decode one value at a time"
	}
	if text := steps[s.Format]; text != "" {
		return text
	}
	switch {
	case f.Zips(s):
		return "copy it to a temporary file and open that with zip.OpenReader"
	case f.StreamedAgain(s):
		return "io.Copy it to where it goes"
	case f.InPieces(s):
		return "go through it with a bufio.Scanner"
	case s.Decode || len(s.Decodes) > 0:
		return "decode one item at a time"
	}
	return "read it piece by piece, or spool it to a file"
}

func fillsMap(f *flow.Func, s *flow.Sink) bool {
	for _, t := range targets(s) {
		u := f.TargetType(t).Underlying()
		if p, ok := u.(*types.Pointer); ok {
			u = p.Elem().Underlying()
		}
		if _, ok := u.(*types.Map); ok {
			return true
		}
	}
	return false
}

// from puts before a step how to get at the stream where the bytes are now.
func from(f *flow.Func, s *flow.Sink, step string) string {
	switch {
	case s.Stream.Kind == flow.Local && f.Zips(s):
		return "it is a file already: zip.OpenReader reads it in place"
	case s.Stream.Kind == flow.Local && s.Stream.Open == s.Call: // os.ReadFile and its like
		return "it is a file already: open it, and " + step
	case s.Via == nil:
		return step
	case s.Decode:
		return "let " + flow.ShortName(s.Fn) + " take a function that is given the reader, and " + step
	default:
		return "let " + flow.ShortName(s.Fn) + " return the reader, and " + step
	}
}
