// Package storetest is the conformance suite of stores: whatever passes [Run]
// keeps the promises of package store, whichever database is behind it.
package storetest
