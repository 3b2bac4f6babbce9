// Package spare counts the units that a sync may do without.
package spare

import "fmt"

// Units is how many units may be left out yet. It belongs to one goroutine.
type Units struct {
	most, n int
	note    func(string)
}

// New lets most units be left out, and tells note of each; nil drops that.
func New(most int, note func(string)) *Units { return &Units{most: most, note: note} }

// Use leaves one out for the error that it has, and tells whether that may be.
func (u *Units) Use(err error) bool {
	if u.n >= u.most {
		return false
	}
	u.n++
	if u.note != nil {
		u.note(fmt.Sprintf("left out, the %d. of at most %d: %v", u.n, u.most, err))
	}
	return true
}
