//go:build !go1.26 || go1.28 || !(amd64 || arm64 || loong64 || ppc64le || riscv64)

package sizer

import "unsafe"

// mapsProven is false here: this runtime's maps were not compared with a reader of ours, so
// they are sized by formula.
const mapsProven = false

func proveMaps() {}

func (w *walker) readTables(*mapPlan, unsafe.Pointer) {}
