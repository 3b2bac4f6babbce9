// Package baseline reads, matches and writes the files that list the findings
// of memvet that are accepted for now.
//
// A baseline is a ratchet. A finding that it lists is not reported; a finding
// that it does not list is; and a line whose finding is gone is reported until
// it is taken out, so that the file only gets shorter.
//
// A finding is known by its check and the text of its line without white space:
// it keeps its line in the baseline when lines move, when its file is renamed,
// and when the file or the function moves to another package. It does not cover
// a copy: a line that stands for a finding in one file covers another file only
// when the text is gone from the first.
//
// Values are not safe for concurrent use, except that any number of goroutines
// may call methods of one [File].
package baseline
