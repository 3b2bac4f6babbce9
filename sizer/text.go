package sizer

import "unsafe"

// strings charges strings that lie side by side. It is the hottest loop of the walk.
func (w *walker) strings(texts []stringWords) {
	if w.plain || w.scope != nil {
		w.stringsBy(texts)
		return
	}
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

// stringsBy charges strings in the two other ways: every one for itself, or once a scope.
func (w *walker) stringsBy(texts []stringWords) {
	if w.scope != nil {
		for _, s := range texts {
			w.scopedString(s.data, uintptr(s.len))
		}
		return
	}
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
