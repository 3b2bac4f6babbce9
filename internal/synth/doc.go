// Package synth makes content units out of nothing but a seed: the sources
// behind synth: in syncbench.
//
// A unit is made when it is asked for, as a parser makes it: fresh strings, a
// block of memory for each, paths as long and as alike as real ones. Nothing
// is kept for a unit that was handed out, so a source takes the same memory
// for a thousand units and for a billion; whatever a run holds, the run holds.
//
// How many files a package has is drawn from Debian bookworm's 63,440: half
// have 11 or fewer, one in a hundred more than 1,700, and that hundredth has
// 53 % of all files. The draw is stratified: every run has the whole
// distribution, giants included, and not a sample of it. Which package gets
// which size, and every byte of it, follows from the seed alone, on every
// machine and for every Go version.
package synth
