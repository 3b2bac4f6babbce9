// Package source opens what a sync reads: a local path or an http(s) URL, as
// one stream of decompressed bytes.
//
// It promises three things that a plain os.Open or http.Get does not:
//
//   - Bounded memory. Decoders refuse a window larger than
//     [Options.MaxWindow], in whatever part of a file, instead of allocating
//     it, and read ahead only where [Options.Ahead] asks for it.
//   - No silent end. A truncated or corrupt stream is an error, also where the
//     decoder would report a plain EOF.
//   - No hang. A server that stops sending is an error after
//     [Options.StallTimeout], and the end of the context ends a read at once.
package source
