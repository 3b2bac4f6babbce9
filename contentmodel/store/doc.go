// Package store keeps content: it says which units are known and saves those
// that are new. [Discard] keeps nothing; packages sqlite and postgres keep all.
// Package storetest is the suite that each of them passes.
package store
