// Package helper cuts in helpers.
package helper

import (
	"io"
	"net/http"
	"strings"
)

type Host struct{ Name, Address, Kind string }

func column(line string, n int) string {
	cells := strings.Fields(line)
	return cells[n]
}

func copied(line string) string { return strings.Clone(strings.TrimSpace(line)) }

func whole(line string) string { return line + "." }

func Hosts(url string, use func(*Host)) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	for _, line := range strings.Split(string(text), "\n") {
		h := new(Host)
		h.Name = column(line, 1) // want `h.Name keeps the whole of what io.ReadAll read alive`
		h.Address = copied(line)
		h.Kind = whole(line)
		use(h)
	}
	return nil
}
