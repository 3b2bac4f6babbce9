package sizertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/syncmem/syncmem/sizer"
	"github.com/syncmem/syncmem/sizer/internal/sample"
)

const items = 1000

// TestContent compares the total of 1000 items with the heap's growth, as real parsers make
// them: within 2 %. With SIZER_TABLE=1 it prints the table of the package's README.
func TestContent(t *testing.T) {
	skipIfSanitized(t)
	for _, c := range []struct {
		name    string
		measure func(t *testing.T) (of, real int64)
	}{
		{"encoding/xml, streamed", parsed(xmlText(), parseXML)},
		{"encoding/json, typed", parsed(jsonText(), parseJSON[sample.Package])},
		{"encoding/json, into any", parsed(jsonText(), parseJSON[any])},
		{"Debian stanzas, cloned into a struct", parsed(debText(), parseDeb)},
		{"Debian stanzas, cloned into a map", parsed(debText(), parseDebMap)},
	} {
		t.Run(c.name, func(t *testing.T) {
			of, real := c.measure(t)
			ratio := float64(of) / float64(real)
			if os.Getenv("SIZER_TABLE") != "" {
				fmt.Printf("| %s | %d | %d | %.3f |\n", c.name, real/items, of/items, ratio)
			}
			require.InDelta(t, 1, ratio, 0.02)
		})
	}
}

// parsed measures the items that parse makes of a text, and Of of all of them.
func parsed[T any](text []byte, parse func(io.Reader, func(*T)) error) func(*testing.T) (int64, int64) {
	return func(t *testing.T) (of, real int64) {
		measuring.Lock()
		defer measuring.Unlock()
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
		require.NoError(t, parse(bytes.NewReader(text), func(*T) {})) // fills the parsers' own caches
		keep := make([]*T, 0, items)
		before := heap()
		require.NoError(t, parse(bytes.NewReader(text), func(v *T) { keep = append(keep, v) }))
		real = heap() - before
		require.Len(t, keep, items)
		for _, v := range keep {
			of += sizer.Of(v)
		}
		return of, real
	}
}

// rpm is a package as primary.xml has it: attributes and elements, repeated entries.
type rpm struct {
	Type    string `xml:"type,attr"`
	Name    string `xml:"name"`
	Arch    string `xml:"arch"`
	Version struct {
		Epoch   string `xml:"epoch,attr"`
		Version string `xml:"ver,attr"`
		Release string `xml:"rel,attr"`
	} `xml:"version"`
	Checksum    string  `xml:"checksum"`
	Summary     string  `xml:"summary"`
	Description string  `xml:"description"`
	Size        int64   `xml:"size"`
	License     *string `xml:"format>license"`
	Requires    []entry `xml:"format>requires>entry"`
	Provides    []entry `xml:"format>provides>entry"`
	Files       []struct {
		Type string `xml:"type,attr"`
		Path string `xml:",chardata"`
	} `xml:"format>file"`
}

type entry struct {
	Name    string `xml:"name,attr"`
	Flags   string `xml:"flags,attr"`
	Version string `xml:"ver,attr"`
}

func xmlText() []byte {
	var b bytes.Buffer
	r := rand.New(rand.NewPCG(1, 1))
	b.WriteString("<metadata>")
	for range items {
		fmt.Fprintf(&b, `<package type="rpm"><name>%s</name><arch>noarch</arch><version epoch="0" ver="%d.%d" rel="%d.el9"/>`,
			sample.Text(r, 5+r.IntN(20)), r.IntN(20), r.IntN(20), r.IntN(100))
		fmt.Fprintf(&b, `<checksum>%s</checksum><summary>%s</summary><description>%s</description><size>%d</size><format><license>MIT</license>`,
			sample.Text(r, 64), sample.Text(r, 40), sample.Text(r, r.IntN(2000)), r.IntN(1<<20))
		for _, kind := range []string{"requires", "provides"} {
			fmt.Fprintf(&b, "<%s>", kind)
			for range r.IntN(20) {
				fmt.Fprintf(&b, `<entry name="%s" flags="GE" ver="%d.%d"/>`, sample.Text(r, 4+r.IntN(30)), r.IntN(9), r.IntN(99))
			}
			fmt.Fprintf(&b, "</%s>", kind)
		}
		for range r.IntN(30) {
			fmt.Fprintf(&b, `<file type="dir">/usr/share/%s</file>`, sample.Text(r, 3+r.IntN(40)))
		}
		b.WriteString("</format></package>")
	}
	b.WriteString("</metadata>")
	return b.Bytes()
}

func parseXML(r io.Reader, emit func(*rpm)) error {
	d := xml.NewDecoder(r)
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if start, ok := tok.(xml.StartElement); ok && start.Name.Local == "package" {
			p := new(rpm)
			if err := d.DecodeElement(p, &start); err != nil {
				return err
			}
			emit(p)
		}
	}
}

func jsonText() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	for i := range items {
		if err := e.Encode(sample.New(i)); err != nil {
			panic(err) // the sample is plain data
		}
	}
	return b.Bytes()
}

func parseJSON[T any](r io.Reader, emit func(*T)) error {
	d := json.NewDecoder(r)
	for {
		v := new(T)
		if err := d.Decode(v); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		emit(v)
	}
}

// deb is a stanza of a Packages index.
type deb struct {
	Package, Version, Architecture, Maintainer, Section, Priority string
	Filename, SHA256, Description                                 string
	Depends                                                       []string
	Other                                                         map[string]string
}

func debText() []byte {
	var b bytes.Buffer
	r := rand.New(rand.NewPCG(2, 2))
	for range items {
		name := sample.Text(r, 4+r.IntN(25))
		fmt.Fprintf(&b, "Package: %s\nVersion: %d.%d-%d\nArchitecture: amd64\nMaintainer: %s <%s@example.org>\n", name, r.IntN(10), r.IntN(10), r.IntN(9), sample.Text(r, 12), sample.Text(r, 8))
		fmt.Fprintf(&b, "Section: %s\nPriority: optional\nFilename: pool/main/%s/%s.deb\nSHA256: %s\nDescription: %s\n", sample.Text(r, 4+r.IntN(5)), name[:1], name, sample.Text(r, 64), sample.Text(r, 20+r.IntN(60)))
		deps := make([]string, r.IntN(12))
		for i := range deps {
			deps[i] = sample.Text(r, 3+r.IntN(20))
		}
		fmt.Fprintf(&b, "Depends: %s\nInstalled-Size: %d\nMulti-Arch: same\nTag: %s\n\n", strings.Join(deps, ", "), r.IntN(99999), sample.Text(r, r.IntN(100)))
	}
	return b.Bytes()
}

func parseDebMap(r io.Reader, emit func(*map[string]string)) error {
	s := bufio.NewScanner(r)
	m := map[string]string{}
	for s.Scan() {
		if s.Text() == "" {
			stanza := m
			emit(&stanza)
			m = map[string]string{}
			continue
		}
		key, text, _ := strings.Cut(s.Text(), ": ")
		m[strings.Clone(key)] = strings.Clone(text)
	}
	return s.Err()
}

func parseDeb(r io.Reader, emit func(*deb)) error {
	return parseDebMap(r, func(m *map[string]string) {
		d := &deb{Other: map[string]string{}}
		known := map[string]*string{
			"Package": &d.Package, "Version": &d.Version, "Architecture": &d.Architecture,
			"Maintainer": &d.Maintainer, "Section": &d.Section, "Priority": &d.Priority,
			"Filename": &d.Filename, "SHA256": &d.SHA256, "Description": &d.Description,
		}
		for k, v := range *m {
			switch {
			case known[k] != nil:
				*known[k] = strings.Clone(v)
			case k == "Depends":
				for dep := range strings.SplitSeq(v, ", ") {
					d.Depends = append(d.Depends, strings.Clone(dep))
				}
			default:
				d.Other[strings.Clone(k)] = strings.Clone(v)
			}
		}
		emit(d)
	})
}
