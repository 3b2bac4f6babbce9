// Package wholedecode finds first stages that decode a whole document into one
// value.
package wholedecode

import "github.com/syncmem/syncmem/analyzer/internal/check"

// Doc documents the check.
var Doc = &check.Doc{
	Name:  "wholedecode",
	Title: "wholedecode finds first stages that decode a whole document into one value",
	Why: `A decoder over a stream looks like streaming, but Decode(&list) buffers the whole
value and then builds all of it: for a 62 MB array it peaks at 186 MB, where
reading it whole first takes 190 MB and decoding item by item takes 5 MB. So
Decode into a slice is no remedy for Unmarshal; only a loop over the items is.`,
	Before: `
var list []Package
if err := json.NewDecoder(r).Decode(&list); err != nil {
	return err
}
for _, p := range list {
	units <- p
}`,
	After: `
dec := json.NewDecoder(r)
if _, err := dec.Token(); err != nil { // the opening bracket
	return err
}
for dec.More() {
	var p Package
	if err := dec.Decode(&p); err != nil {
		return err
	}
	units <- p
}`,
	More: []check.Case{
		{
			Title: "The function returns the list",
			Before: `
func Packages(r io.Reader) ([]Package, error) {
	var list []Package
	err := json.NewDecoder(r).Decode(&list)
	return list, err
}`,
			After: `
func Packages(r io.Reader) iter.Seq2[Package, error] {
	return func(yield func(Package, error) bool) {
		dec := json.NewDecoder(r)
		if _, err := dec.Token(); err != nil { // the opening bracket
			yield(Package{}, err)
			return
		}
		for dec.More() {
			var p Package
			err := dec.Decode(&p)
			if !yield(p, err) || err != nil {
				return
			}
		}
		if _, err := dec.Token(); err != nil { // the closing one, or the document was cut
			yield(Package{}, err)
		}
	}
}`,
		},
		{
			Title: "The list is a field of the document",
			Before: `
var index Index // has Packages []Package
if err := json.NewDecoder(r).Decode(&index); err != nil {
	return err
}`,
			After: `
dec := json.NewDecoder(r)
if _, err := dec.Token(); err != nil { // the opening brace
	return err
}
for dec.More() {
	key, err := dec.Token()
	if err != nil {
		return err
	}
	if key != "packages" {
		var skip json.RawMessage
		if err := dec.Decode(&skip); err != nil {
			return err
		}
		continue
	}
	if _, err := dec.Token(); err != nil { // the opening bracket
		return err
	}
	for dec.More() {
		var p Package
		if err := dec.Decode(&p); err != nil {
			return err
		}
		units <- p
	}
	if _, err := dec.Token(); err != nil { // the closing bracket
		return err
	}
}`,
		},
		{
			Title: "XML",
			Before: `
var index Index
if err := xml.NewDecoder(r).Decode(&index); err != nil {
	return err
}`,
			After: `
dec := xml.NewDecoder(r)
for {
	token, err := dec.Token()
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	start, ok := token.(xml.StartElement)
	if !ok || start.Name.Local != "package" {
		continue
	}
	var p Package
	if err := dec.DecodeElement(&p, &start); err != nil {
		return err
	}
	units <- p
}`,
		},
		{
			Title: "YAML: one document an item, where the file is yours; a list in one document has no streaming form",
			Before: `
var list []Package
if err := yaml.NewDecoder(r).Decode(&list); err != nil {
	return err
}`,
			After: `
dec := yaml.NewDecoder(r)
for {
	var p Package
	err := dec.Decode(&p)
	if err == io.EOF {
		return nil
	}
	if err != nil {
		return err
	}
	units <- p
}`,
		},
	},
	Since: "v0.1.0",
	Silent: []string{
		"the function is no first stage",
		"the decoder is stepped through: Token and More, or Decode in a loop it was made outside of",
		"the target is one item: a struct whose lists are few among its fields and are not gone through to build a list",
		"the target is a lookup table: a map to scalars or to structs of at most two",
		"the stream is bounded, or one item or page of many, as for wholeread",
		"the decoder was handed in: whoever made it decides",
		"names say it is configuration, a credential, a policy, a manifest or an error body, where the body of a response is no plain list",
		"by default, and not with -confidence=low: the doubts of wholeread",
		"the document is RSS or Atom, which list the newest few",
	},
}
