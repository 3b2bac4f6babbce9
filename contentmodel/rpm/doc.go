// Package rpm is the content of RPM repositories: the [Package] unit.
//
// A package is the plain model, structs of strings, as a parser of primary,
// filelists and other makes them. Most packages hold ten files, one in ten
// thousand holds sixty thousand, so a package weighs from a few KiB to tens of
// MiB; nothing may assume an average.
package rpm
