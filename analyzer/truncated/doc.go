// Package truncated finds limiters that cut a document in silence.
package truncated

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "truncated",
	Title: "truncated finds limiters that cut a document in silence",
	Why: `A LimitReader ends with io.EOF, as the document does. What is read through it may
be the first part of something larger. If what is left happens to be valid, as
lines, CSV and much YAML is, or is only passed on, a part of the repository is
missing and nobody knows; else the parser blames the document. A limit protects memory only when
reaching it is an error.`,
	Before: `
body, err := io.ReadAll(io.LimitReader(resp.Body, limit))
if err != nil {
	return err
}
return yaml.Unmarshal(body, &index)`,
	After: `
body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
if err != nil {
	return err
}
if len(body) > limit {
	return fmt.Errorf("the index is larger than %d bytes", limit)
}
return yaml.Unmarshal(body, &index)`,
	Since: "v0.1.0",
	Silent: []string{
		"the limit is one more than allowed, or the length of what was read is compared",
		"the limiter returns an error: http.MaxBytesReader, or one of your own",
		"what was read ends up in an error or a log line: an error body may be cut",
		"it is neither decoded nor written on",
		"by default, and not with -confidence=low: nothing but a decoder of JSON, XML or another format with an end gets it, which fails on a document without that",
		"the decoder reads value after value from the limited stream",
	},
}
