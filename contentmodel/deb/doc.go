// Package deb is the content of Debian repositories: the units [Package] and
// [Source], [Open], which reads a repository by its Release, and the streaming
// readers of one index, [ReadPackages] and [Options.ReadSources].
//
// [NewWriter] writes a repository that apt reads.
//
// Contents indices list the files of packages, by path and for all packages
// together: [RepositoryOptions] has them sorted by package on disk.
//
// The signature of an InRelease is not checked, so a repository is as
// trustworthy as the way it came: what is read is only compared with the
// checksums of the Release.
//
// An index is a sequence of paragraphs, one a package, with an empty line
// between them. A paragraph is `Name: value` lines; a line that begins with a
// space or tab continues the value before it (Debian Policy, chapter 5).
package deb
