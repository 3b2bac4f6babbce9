// Package track tells which fields of a value changed since it was loaded,
// without keeping a copy of it.
//
//	loaded := track.Of(pkg)   // 8 bytes a field
//	pkg.Description = "new"
//	loaded.Changed(pkg)       // [Description]
//
// A fingerprint of each field is kept, and compared with one of the field as
// it is now. Two values have the same fingerprint if they are equal in this
// sense:
//
//   - Strings, numbers and booleans by their bytes: a NaN is equal to itself,
//     and 0 differs from -0.
//   - Pointers by what they point to, so that an equal value elsewhere is no
//     change; interfaces by the type and value in them.
//   - Slices and arrays element by element, and maps as sets of entries. Where
//     one string or element ends and the next begins matters.
//   - Nil differs from empty, for slices, maps and pointers.
//   - A [time.Time] by its instant and the name of its location.
//   - Channels, functions and unsafe pointers by identity.
//   - Structs field by field, also those that are not exported. A field with
//     the tag `track:"-"` is left out, as is one named _.
//
// Values that lead back to themselves are fine. Only one that does so and holds
// more than 65536 pointers in maps may be told to have changed when it has not.
//
// The fingerprint is a 64-bit hash with a seed of the process: two different
// values have the same with a probability of 1 in 2^64, and nobody outside
// can bring it about. It means nothing in another process.
//
// What other ways keep beside each unit, in bytes, over synthetic repositories
// (TestAgainstCopies prints this, with times):
//
//	                     unit   clone with   deep copy,      shallow map   fingerprints
//	                            its strings  strings shared  of fields
//	file                  192          192              37           392             48
//	deb                 1,123        1,199             480         2,856            264
//	rpm, packed lists   7,606        1,427             640         2,960            312
//	rpm, slices        23,153       20,972           8,594         2,960            312
//
// So a shallow copy is not small: for two formats of four it is larger than
// the unit. A deep one, or a round trip through JSON, doubles the unit.
//
// The walk is compiled once a type. It reads memory at a few GB/s, allocates
// only for maps, and must not run while another goroutine writes to the value.
package track
