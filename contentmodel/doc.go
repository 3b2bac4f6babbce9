// Package contentmodel holds the words every content format shares: a [Unit]
// of content, and the [Digest] that names bytes.
//
// The formats live one folder each below it (file, deb, rpm): the unit and
// the streaming reader that makes it. Package source opens what they read,
// package store keeps what they make. Nothing here knows about budgets or
// pipelines; a size function joins them from outside.
//
// The rule all of them obey: memory is bounded by the largest single unit,
// never by the length of the input. Readers yield one unit at a time, and a
// unit is written out in small pieces.
package contentmodel
