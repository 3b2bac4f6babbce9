// Package sizer answers one question: how many bytes of heap does this value keep alive?
//
// The answer is what the runtime's allocator set aside, not what the fields add up to: every
// block once, rounded to its size class, maps with their real tables. Things that belong to
// the whole program (literals, globals, locations, loggers, types) are not counted.
package sizer
