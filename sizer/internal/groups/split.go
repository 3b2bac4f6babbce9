//go:build goexperiment.mapsplitgroup

package groups

// Split says that a group holds its keys side by side and then its elements.
const Split = true
