package npm

import (
	"encoding/base64"
	"iter"
	"strings"

	"github.com/syncmem/syncmem/contentmodel"
)

// Artifacts yields the tarball, whose Path is its URL and whose Size a packument does not say; none where there is no URL.
func (v *Version) Artifacts() iter.Seq[contentmodel.Artifact] {
	return func(yield func(contentmodel.Artifact) bool) {
		if v.Tarball != "" {
			yield(contentmodel.Artifact{Path: v.Tarball, Size: -1, Sum: v.strongest()})
		}
	}
}

// strongest is the best of the checksums: Integrity may have several, with a space between them, and options after each.
// What can't be read is as if it were not there, as the standard says.
func (v *Version) strongest() contentmodel.Checksum {
	best, _ := contentmodel.ParseChecksum("sha1", v.Shasum)
	for one := range strings.FieldsSeq(v.Integrity) {
		one, _, _ = strings.Cut(one, "?")
		kind, text, _ := strings.Cut(one, "-")
		raw, err := base64.StdEncoding.DecodeString(text)
		sum := contentmodel.Checksum(raw)
		if err == nil && sum.Type() != "" && sum.Type() == kind && len(sum) > len(best) { // the longer, the stronger
			best = sum
		}
	}
	return best
}
