// Package file is the content of plain file repositories: the [File] unit and
// [Read], the streaming reader of their PULP_MANIFEST.
//
// A manifest has one file a line, `path,sha256,size`. The path may hold commas,
// so the last two count. Spaces around the fields mean nothing; empty lines and
// lines that begin with '#' are skipped.
package file
