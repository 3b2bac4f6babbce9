// Package rpm is the content of RPM repositories: the [Package] unit, and
// [Open] to read a repository's metadata as a stream of them.
//
// Most packages hold ten files, one in ten thousand holds sixty thousand, so
// nothing may assume an average. The lists of a package are packed, and take a
// fraction of what slices of structs would; the metadata is never held whole,
// neither compressed nor open.
package rpm
