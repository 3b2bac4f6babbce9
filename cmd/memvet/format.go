package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/syncmem/syncmem/analyzer"
	"github.com/syncmem/syncmem/internal/baseline"
)

// formats print findings.
var formats = map[string]func(io.Writer, []Finding) error{
	"text":   printText,
	"json":   printJSON,
	"sarif":  printSARIF,
	"github": printGitHub,
}

func printText(w io.Writer, found []Finding) error {
	for _, f := range found {
		if _, err := fmt.Fprintf(w, "%s:%d:%d: %s\n", f.File, f.Line, f.Column, f.Message); err != nil {
			return err
		}
		for _, r := range f.Related {
			if _, err := fmt.Fprintf(w, "\t%s:%d: %s\n", r.File, r.Line, r.Message); err != nil {
				return err
			}
		}
	}
	return nil
}

func printJSON(w io.Writer, found []Finding) error {
	if found == nil {
		found = []Finding{}
	}
	return encode(w, struct {
		Schema   int       `json:"schema"`
		Findings []Finding `json:"findings"`
	}{1, found})
}

func encode(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// inRepository is a name from the folder of the repository, with slashes: what
// code scanning and workflow commands want, wherever memvet was started.
func inRepository(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return filepath.ToSlash(path)
	}
	rel, err := filepath.Rel(baseline.Root(wd), path)
	if err != nil || !filepath.IsLocal(rel) {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(rel)
}

// printGitHub prints workflow commands, which GitHub shows beside the lines.
func printGitHub(w io.Writer, found []Finding) error {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	prop := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	for _, f := range found {
		_, err := fmt.Fprintf(w, "::warning file=%s,line=%d,col=%d,title=%s::%s\n",
			prop.Replace(inRepository(f.path)), f.Line, f.Column, prop.Replace("memvet/"+f.Check), data.Replace(f.Message))
		if err != nil {
			return err
		}
	}
	return nil
}

// The part of SARIF 2.1.0 that code scanning reads.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		URI   string      `json:"informationUri"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID      string    `json:"id"`
		Short   sarifText `json:"shortDescription"`
		Full    sarifText `json:"fullDescription"`
		HelpURI string    `json:"helpUri"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Related      []sarifLocation   `json:"relatedLocations,omitempty"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
		Message  *sarifText    `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact struct {
			URI  string `json:"uri"`
			Base string `json:"uriBaseId,omitempty"`
		} `json:"artifactLocation"`
		Region sarifRegion `json:"region"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
		EndLine     int `json:"endLine,omitempty"`
		EndColumn   int `json:"endColumn,omitempty"`
	}
)

func printSARIF(w io.Writer, found []Finding) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "memvet", URI: "https://github.com/syncmem/syncmem"}
	for _, d := range analyzer.Docs() {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{d.Name, sarifText{d.Title}, sarifText{d.Why}, d.URL()})
	}
	for _, f := range found {
		r := sarifResult{
			RuleID: f.Check, Level: "warning", Message: sarifText{f.Message},
			Locations:    []sarifLocation{sarifAt(f.path, sarifRegion{f.Line, f.Column, f.EndLine, f.EndColumn}, "")},
			Fingerprints: map[string]string{"memvet/v2": f.Fingerprint},
		}
		for _, rel := range f.Related {
			r.Related = append(r.Related, sarifAt(rel.path, sarifRegion{StartLine: rel.Line}, rel.Message))
		}
		run.Results = append(run.Results, r)
	}
	return encode(w, sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}

// sarifURI is the address of a file: from the repository's folder, which is what
// SARIF's readers take %SRCROOT% for, or a file address of one outside.
func sarifURI(path string) (uri, base string) {
	name := inRepository(path)
	if filepath.IsAbs(path) && name == filepath.ToSlash(path) {
		return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(name, "/")}).String(), ""
	}
	return (&url.URL{Path: name}).EscapedPath(), "%SRCROOT%"
}

func sarifAt(path string, region sarifRegion, message string) sarifLocation {
	l := sarifLocation{}
	l.Physical.Artifact.URI, l.Physical.Artifact.Base = sarifURI(path)
	l.Physical.Region = region
	if message != "" {
		l.Message = &sarifText{message}
	}
	return l
}
