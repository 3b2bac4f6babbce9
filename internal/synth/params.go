package synth

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// param is one key of a spec: what it means, and its way from text and back.
type param struct {
	doc string
	set func(s *Spec, value string) error
	get func(s *Spec) string
}

// allKeys is the order of keys in texts.
var allKeys = []string{"units", "seed", "names", "versions", "files", "giant", "at", "fanout", "modules", "order", "sink", "pin"}

// params are all keys that any source takes; source.keys says which it does.
var params = map[string]param{
	"units":    integer("how many units", 1, func(s *Spec) *int { return &s.Count }),
	"names":    integer("how many package names", 1, func(s *Spec) *int { return &s.Names }),
	"versions": integer("versions of each name, side by side in natural order", 1, func(s *Spec) *int { return &s.Versions }),
	"files":    integer("most files in a unit", 1, func(s *Spec) *int { return &s.Files }),
	"at":       integer("units before the giant", 0, func(s *Spec) *int { return &s.At }),
	"fanout":   integer("how many units the first stage builds at once", 1, func(s *Spec) *int { return &s.Fanout }),
	"modules":  integer("how many modules are among the units", 1, func(s *Spec) *int { return &s.Modules }),
	"seed": {
		"a number; the same seed makes the same units",
		func(s *Spec, v string) error { return number(v, &s.Seed) },
		func(s *Spec) string { return strconv.FormatUint(s.Seed, 10) },
	},
	"giant": {
		"heap bytes of the giant unit, such as 96MiB",
		setGiant,
		func(s *Spec) string { return formatBytes(s.Giant) },
	},
	"order": {
		"one of " + list(orders),
		setOrder,
		func(s *Spec) string { return string(s.Order) },
	},
	"sink": {
		"how long the last stage sleeps for each batch, such as 20ms",
		setSink,
		func(s *Spec) string { return s.Sink.String() },
	},
	"pin": {
		"true: the first stage keeps every unit",
		setPin,
		func(s *Spec) string { return strconv.FormatBool(s.Pin) },
	},
}

// maxCount bounds whole numbers, so that the sum of two is an int everywhere.
const maxCount = 1 << 30

func integer(doc string, least int, field func(*Spec) *int) param {
	return param{
		doc,
		func(s *Spec, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < least || n > maxCount {
				return fmt.Errorf("want a whole number from %d to %d", least, maxCount)
			}
			*field(s) = n
			return nil
		},
		func(s *Spec) string { return strconv.Itoa(*field(s)) },
	}
}

func number(v string, to *uint64) error {
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		return errors.New("want a whole number from 0 to 18446744073709551615")
	}
	*to = n
	return nil
}

// maxGiant is more than any machine this runs on can make a unit of.
const maxGiant = 1 << 37

func setGiant(s *Spec, v string) error {
	n, err := parseBytes(v)
	if err == nil && n > maxGiant {
		err = fmt.Errorf("want at most %s", formatBytes(maxGiant))
	}
	s.Giant = n
	return err
}

func setOrder(s *Spec, v string) error {
	if !slices.Contains(orders, Order(v)) {
		names := make([]string, len(orders))
		for i, o := range orders {
			names[i] = string(o)
		}
		return fmt.Errorf("no such order%s; want one of %s", nearest(v, names), list(orders))
	}
	s.Order = Order(v)
	return nil
}

func setSink(s *Spec, v string) error {
	d, err := time.ParseDuration(v)
	if err != nil || d < 0 {
		return errors.New("want a duration that is not negative, such as 20ms")
	}
	s.Sink = d
	return nil
}

func setPin(s *Spec, v string) error {
	if v != "true" && v != "false" {
		return errors.New("want true or false")
	}
	s.Pin = v == "true"
	return nil
}

// byteUnits are the units of a number of bytes, the largest first.
var byteUnits = []struct {
	name  string
	bytes int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}}

func parseBytes(v string) (int64, error) {
	for _, u := range byteUnits {
		digits, ok := strings.CutSuffix(v, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n < 1 || n > math.MaxInt64/u.bytes {
			break
		}
		return n * u.bytes, nil
	}
	return 0, errors.New("want a whole number with its unit, such as 96MiB; units: GiB, MiB, KiB, B")
}

func formatBytes(n int64) string {
	for _, u := range byteUnits {
		if n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10) + "B" // not reached: every number is a number of bytes
}

func list[T ~string](all []T) string {
	var b strings.Builder
	for i, s := range all {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(s))
	}
	return b.String()
}

// nearest is a hint at the one of all that v may have been meant to be, or
// nothing when none is near.
func nearest(v string, all []string) string {
	best := Nearest(v, all)
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// Nearest is the one of all that v may have been meant to be, or empty when
// none is near.
func Nearest(v string, all []string) string {
	best, least := "", 3 // more edits than two are another word
	for _, s := range all {
		if d := edits(v, s); d < least || d == least && strings.HasPrefix(s, v) && v != "" {
			best, least = s, d
		}
	}
	return best
}

// edits is the Levenshtein distance: how many bytes to insert, delete or
// replace to get from a to b.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
