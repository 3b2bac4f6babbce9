package store

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxRepository is how many bytes the name of a repository may have: it is part of an index, whose rows are short.
const maxRepository = 1024

// CheckRepository says what is wrong with the name of a repository: it is told in messages and found by an index, so it
// is text of 1 to 1024 bytes without control characters. Stores check it themselves.
func CheckRepository(name string) error {
	switch {
	case name == "":
		return errors.New("a repository without a name; name it")
	case len(name) > maxRepository:
		return fmt.Errorf("repository %.40q...: a name of %d bytes; use one of at most %d", name, len(name), maxRepository)
	case !utf8.ValidString(name):
		return fmt.Errorf("repository %q: a name that is not UTF-8; use another", name)
	case strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("repository %q: a name with control characters; use another", name)
	}
	return nil
}
