// Package xmlread reads an XML document as a stream, element by element, in
// bounded memory and in one pass.
//
// A caller walks down: [Reader.Root], then [Reader.Child] until it is nil, and
// for each child exactly one of [Reader.Text], [Reader.Skip] or another loop
// of Child. What it gets is valid until the next call.
//
// The events come from github.com/orisano/gosax, which is fast and trusts its
// input. This package adds what it leaves out: a document that ends before its
// elements do is an error, end tags belong to their elements, no element or
// text is longer than a limit, references are defined characters, and a
// DOCTYPE with declarations of its own, which could make entities, is refused.
// Names are compared without their namespace's prefix.
package xmlread
