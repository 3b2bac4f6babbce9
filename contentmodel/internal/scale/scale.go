// Package scale tells how much a unit weighs while a reader builds it.
package scale

// Step is how many bytes a unit has more each time it is told of again, and at
// least when it is told of first: what is built between two of these is known
// to nobody, and so it is little, but enough for the telling to cost nothing.
const Step = 32 << 10

// Scale is what a reader weighs one unit after the other on. A nil one weighs
// nothing.
type Scale struct {
	tell func(bytes int64) error
	done int64 // of the unit that is being built, what is complete
	told int64
	err  error
}

// New returns a scale whose results are told to tell, nil if that is.
func New(tell func(bytes int64) error) *Scale {
	if tell == nil {
		return nil
	}
	return &Scale{tell: tell}
}

// Begin is the beginning of a unit.
func (s *Scale) Begin() {
	if s != nil {
		s.done, s.told = 0, 0
	}
}

// Done says that a part of so many bytes is complete.
func (s *Scale) Done(bytes int64) {
	if s != nil {
		s.done += bytes
	}
}

// At says that the part that is being built has so many bytes by now. An error
// is what the telling came to: it is the end of the reading, and every later
// call returns it, too.
func (s *Scale) At(bytes int64) error {
	if s == nil || s.done+bytes-s.told < Step {
		return nil
	}
	if s.err == nil {
		s.told = s.done + bytes
		s.err = s.tell(s.told)
	}
	return s.err
}

// Err is the error that ended the reading, nil if none has.
func (s *Scale) Err() error {
	if s == nil {
		return nil
	}
	return s.err
}
