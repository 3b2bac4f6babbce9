package sizer

import "unsafe"

// tinyBlocks remembers the 16-byte blocks that were charged, so that the tiny objects packed
// into one are charged once together: objects made one after the other, as a parser makes
// them, share blocks. It forgets: each block has one place by its address, so a pair of blocks
// 1 KiB apart may be charged twice, but never too little.
type tinyBlocks [64]uintptr

// charge returns the bytes to charge for the tiny object at p: 16 or nothing.
func (b *tinyBlocks) charge(p unsafe.Pointer) int64 {
	block := uintptr(p) / tinySize
	if place := &b[block%uintptr(len(b))]; *place != block {
		*place = block
		return tinySize
	}
	return 0
}
