// Package npm is the content of npm registries: a packument, the one document
// that a registry has of a package, read as a stream of its versions.
package npm
