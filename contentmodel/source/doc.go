// Package source opens what a sync reads: a local path or an http(s) URL, as
// one stream of decompressed bytes.
//
// It promises three things that a plain os.Open or http.Get does not:
//
//   - Bounded memory. Decoders run without read-ahead and refuse a window
//     larger than [Options.MaxWindow] instead of allocating it.
//   - No silent end. A truncated or corrupt stream is an error, also where the
//     decoder would report a plain EOF.
//   - No hang. A server that stops sending is an error after
//     [Options.StallTimeout], and the end of the context ends a read at once.
package source
