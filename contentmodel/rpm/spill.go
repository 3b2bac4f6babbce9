package rpm

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/internal/packed"
	"github.com/syncmem/syncmem/contentmodel/internal/scratch"
	"github.com/syncmem/syncmem/contentmodel/internal/shared"
)

// spill keeps lists in a temporary file until they are asked for.
//
// The heap holds the place of each by the first eight bytes of its pkgid;
// further lists with the same eight are found from one to the next.
type spill struct {
	f     scratch.File
	w     *bufio.Writer
	end   int64            // where the next record goes
	last  map[uint64]int64 // place of the newest record, plus one
	n     int              // records not taken yet
	taken map[int64]bool   // records of a chain that were taken; rarely any
	kept  *shared.Kept
	most  int // places there ever were: a map does not become smaller
}

// placeBytes is what the place of a record takes, about.
const placeBytes = 40

func newSpill(dir string, kept *shared.Kept) (*spill, error) {
	f, err := scratch.Open(dir, "the metadata of the repository is in different orders")
	if err != nil {
		return nil, err
	}
	return &spill{f: f, w: bufio.NewWriterSize(f, packed.ChunkBytes), last: make(map[uint64]int64), taken: make(map[int64]bool), kept: kept}, nil
}

func (s *spill) close() { s.f.Close() }

func short(id contentmodel.Checksum) uint64 {
	var b [8]byte
	copy(b[:], id)
	return binary.BigEndian.Uint64(b[:])
}

// put writes a record: the place of an older one with the same short id, plus
// one; the id; and the list.
func (s *spill) put(id contentmodel.Checksum, l packed.List) error {
	key, place := short(id), s.end
	b := binary.AppendUvarint(nil, uint64(s.last[key]))
	b = append(binary.AppendUvarint(b, uint64(len(id))), id...)
	_, err := s.w.Write(b)
	s.end += int64(len(b))
	if err == nil {
		var n int64
		n, err = l.Write(s.w)
		s.end += n
	}
	if err != nil {
		return fmt.Errorf("temporary file: %w", err)
	}
	s.last[key] = place + 1
	s.n++
	if len(s.last) > s.most {
		s.most = len(s.last)
		s.kept.Add(placeBytes)
	}
	return nil
}

// take finds a list that was put and not taken yet. While it is read, its bytes
// so far are told to weigh, whose error is the end of it.
func (s *spill) take(id contentmodel.Checksum, weigh func(int64) error) (packed.List, bool, error) {
	next := s.last[short(id)]
	if next == 0 {
		return packed.List{}, false, nil
	}
	if err := s.w.Flush(); err != nil {
		return packed.List{}, false, fmt.Errorf("temporary file: %w", err)
	}
	for next > 0 {
		place := next - 1
		r := bufio.NewReaderSize(io.NewSectionReader(s.f, place, s.end-place), 4<<10)
		older, err := binary.ReadUvarint(r)
		var got string
		if err == nil {
			got, err = packed.ReadSized(r)
		}
		if err != nil {
			return packed.List{}, false, fmt.Errorf("temporary file: %w", err)
		}
		if got != string(id) || s.taken[place] {
			next = int64(older)
			continue
		}
		stop := error(nil)
		l, err := packed.Read(r, func(bytes int64) error { stop = weigh(bytes); return stop })
		if stop != nil {
			return packed.List{}, false, stop
		}
		if err != nil {
			return packed.List{}, false, fmt.Errorf("temporary file: %w", err)
		}
		s.forget(short(id), place, int64(older))
		return l, true, nil
	}
	return packed.List{}, false, nil
}

// forget takes a record out of its chain, mostly by making the older one the
// newest.
func (s *spill) forget(key uint64, place, older int64) {
	s.n--
	switch {
	case s.last[key] != place+1:
		s.taken[place] = true
	case older == 0:
		delete(s.last, key)
	default:
		s.last[key] = older
	}
}
