//go:build !goexperiment.mapsplitgroup

package groups

// Split says that a group holds its keys side by side and then its elements. Here each element
// follows its key.
const Split = false
