package a

import (
	"bytes"
	"io"
	"path"
	"regexp"
	"strings"
)

type Unit struct {
	Name string
	Sum  []byte
}

var re = regexp.MustCompile(`name: (\S+)`)

//memvet:firststage
func field(r io.Reader, out chan *Unit) {
	b, _ := io.ReadAll(r)
	for _, line := range strings.Split(string(b), "\n") {
		name, rest, _ := strings.Cut(line, " ")
		_ = rest
		out <- &Unit{Name: name}                           // want `memvet/pinning: the unit keeps the whole of what io.ReadAll read alive`
		out <- &Unit{Name: line[:0]}                       // want `pinning`
		out <- &Unit{Name: path.Base(line)}                // want `pinning`
		out <- &Unit{Name: re.FindStringSubmatch(line)[1]} // want `pinning`
		out <- &Unit{Name: strings.Clone(name)}
		out <- &Unit{Name: name + "!"}
		out <- &Unit{Sum: []byte(name)}
	}
}

//memvet:firststage
func mapped(r io.Reader) map[string]string {
	var buf bytes.Buffer
	io.Copy(&buf, r)
	m := map[string]string{}
	for line := range strings.Lines(buf.String()) {
		k, v, _ := strings.Cut(line, "=")
		m[k] = strings.Clone(v) // want `a key of m keeps`
	}
	return m
}

//memvet:firststage
func array(r io.Reader) *Unit {
	b, _ := io.ReadAll(r)
	u := &Unit{}
	u.Sum = b[10:42] // want `u.Sum keeps`
	return u
}

//memvet:firststage
func all(r io.Reader) []string {
	b, _ := io.ReadAll(r)
	return strings.Split(string(b), "\n")
}

//memvet:firststage
func bounded(r io.Reader) *Unit {
	b, _ := io.ReadAll(io.LimitReader(r, 1000))
	return &Unit{Sum: b[10:42]}
}
