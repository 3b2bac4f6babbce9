// Package deb is the content of Debian repositories: the [Package] unit and
// [ReadPackages], the streaming reader of a Packages index.
//
// An index is a sequence of paragraphs, one a package, with an empty line
// between them. A paragraph is `Name: value` lines; a line that begins with a
// space or tab continues the value before it (Debian Policy, chapter 5).
package deb
