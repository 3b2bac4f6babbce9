// Package artifact fetches the files that belong to units, and keeps them: each once, by its checksum, whole or not at all.
package artifact
