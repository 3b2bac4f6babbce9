package advice

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
)

type Item struct{ Name, Version, Kind string }

type Section struct{ Items []Item }

type Index struct{ Sections []Section }

func File(name string) ([]Section, error) {
	text, err := os.ReadFile(name) // want `it is a file already: open it, and step through it with Token and More, and Decode one item at a time; take a func\(Section\) error`
	if err != nil {
		return nil, err
	}
	var index Index
	return index.Sections, json.Unmarshal(text, &index)
}

func Archive(address string, emit func(Item)) error {
	resp, err := http.Get(address)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body) // want `copy it to a temporary file and open that with zip.OpenReader \(first`
	if err != nil {
		return err
	}
	z, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return err
	}
	for _, m := range z.File {
		emit(Item{Name: m.Name})
	}
	return nil
}

func Table(r io.Reader, emit func(Item)) error {
	rows, err := csv.NewReader(r).ReadAll() // want `loop over Read with ReuseRecord \(first`
	for _, row := range rows {
		emit(Item{Name: row[0]})
	}
	return err
}

func Lines(r io.Reader, emit func(Item)) error {
	text, err := io.ReadAll(r) // want `go through it with a bufio.Scanner`
	for _, l := range strings.Split(string(text), "\n") {
		emit(Item{Name: l})
	}
	return err
}

func Copy(r io.Reader, name string) error {
	text, err := io.ReadAll(r) // want `io.Copy it to where it goes`
	return errors.Join(err, os.WriteFile(name, text, 0o600))
}

func fetch(address string) ([]byte, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// What is made of the bytes here is another document than above.
func XML(address string) ([]Item, error) {
	text, err := fetch(address) // low `let advice.fetch return the reader, and go through it with Token, and DecodeElement each item`
	if err != nil {
		return nil, err
	}
	var list []Item
	return list, xml.Unmarshal(text, &list)
}

// These two have the same read.
func Forward(w http.ResponseWriter, r *http.Request) {
	text, _ := fetch(r.URL.Path) // want `advice.fetch > io.ReadAll .* only read again or written on; let advice.fetch return the reader, and io.Copy it to where it goes .*; it is reached from fetch, again, too`
	w.Write(text)
}

func again(w io.Writer, address string) error {
	text, err := fetch(address)
	w.Write(text)
	return err
}
