// Package house holds the tests of the repository as a whole: which room may import which, what an importer
// is spared, and that what is exported or promised in the README is there. It has no code of its own.
package house
