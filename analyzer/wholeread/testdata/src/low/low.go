// Package low is analyzed with -confidence=low: each finding says its doubt.
package low

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
)

type Entry struct{ Name, URL, Hash string }

func Favorites(name string) (list []Entry, err error) {
	text, err := os.ReadFile(name) // want `low confidence: a file of one flat list may be small`
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

func settingsFrom(url string) (list []Entry, err error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body) // want `first stage: settingsFrom returns all it read as \[\]Entry\)$`
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

type Settings struct {
	Name    string
	Entries []Entry
}

func settings(url string) (*Settings, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body) // want `low confidence: its name says that it is small`
	if err != nil {
		return nil, err
	}
	var s Settings
	return &s, json.Unmarshal(text, &s)
}

func Recent(base string) (list []Entry, err error) {
	resp, err := http.Get(base + "/releases/recent")
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body) // want `low confidence: it may be a list of the newest`
	if err != nil {
		return nil, err
	}
	return list, json.Unmarshal(text, &list)
}

func EachOf(entries []Entry, use func([]Entry)) error {
	for _, e := range entries {
		resp, err := http.Get(e.URL)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(resp.Body) // want `low confidence: it may be one item of many`
		if err != nil {
			return err
		}
		var list []Entry
		if err := json.Unmarshal(text, &list); err != nil {
			return err
		}
		use(list)
	}
	return nil
}
