package sizer

import "unsafe"

// strings charges strings that lie side by side.
func (w *walker) strings(texts []stringWords) {
	switch {
	case w.plain:
		w.plainStrings(texts)
	case w.scope != nil:
		w.scopedStrings(texts)
	default:
		w.ownStrings(texts)
	}
}

// ownStrings charges each block of 16 bytes once. It is the hottest loop of the walk.
func (w *walker) ownStrings(texts []stringWords) {
	sum := uintptr(0)
	low, size, tiny := static.low, static.size, &w.memory.tiny
	for i := range texts {
		a, n := uintptr(texts[i].data), uintptr(texts[i].len)
		if n < tinySize {
			// As tinyBlocks.charge does, without a call.
			place := &tiny[a/tinySize%uintptr(len(tiny))]
			if *place != a/tinySize && a-low >= size && n > 0 {
				*place = a / tinySize
				sum += tinySize
			}
		} else if n > fineMax {
			w.longString(texts[i].data, n)
		} else if a-low >= size {
			sum += uintptr(fine[n])
		}
	}
	w.Bytes += int64(sum)
}

// scopedStrings charges each string once a scope.
func (w *walker) scopedStrings(texts []stringWords) {
	for _, s := range texts {
		w.scopedString(s.data, uintptr(s.len))
	}
}

// plainStrings charges every string for itself.
func (w *walker) plainStrings(texts []stringWords) {
	sum, done := uintptr(0), 0
	for base := unsafe.Pointer(unsafe.SliceData(texts)); done+4 <= len(texts); done += 4 {
		four := (*[4]stringWords)(unsafe.Add(base, uintptr(done)*stringSize))
		a, b, c, d := uintptr(four[0].len), uintptr(four[1].len), uintptr(four[2].len), uintptr(four[3].len)
		if a|b|c|d < fineMax { // a power of two: so is each
			sum += uintptr(fine[a%fineMax]) + uintptr(fine[b%fineMax]) + uintptr(fine[c%fineMax]) + uintptr(fine[d%fineMax])
			continue
		}
		for _, s := range four {
			w.plainString(s)
		}
	}
	for _, s := range texts[done:] {
		w.plainString(s)
	}
	w.Bytes += int64(sum)
}

func (w *walker) plainString(s stringWords) {
	if n := uintptr(s.len); n <= fineMax {
		w.Bytes += int64(fine[n])
	} else {
		w.longString(s.data, n)
	}
}

func (w *walker) scopedString(p unsafe.Pointer, n uintptr) {
	if n > lengthMax {
		w.Opaque++
	} else if n > 0 && !isStatic(p) {
		w.Bytes += int64(w.scope.add(p, blockOf(n, false), isTiny(n, false)))
	}
}

// longString charges a string over fineMax. Such strings are few, so each is charged once;
// remembering the short ones too would cost more than the whole walk.
func (w *walker) longString(p unsafe.Pointer, n uintptr) {
	if n > lengthMax {
		w.Opaque++ // torn, or made up
		return
	}
	w.charge(p, blockOf(n, false), false, false)
}
