// Package config reads settings: there is as much in them as somebody wrote down.
package config

import (
	"bufio"
	"io"
)

type Root struct{ Name, Key, Certificate, Address string }

func All(r io.Reader) (all []Root) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		all = append(all, Root{Name: lines.Text()})
	}
	return all
}
