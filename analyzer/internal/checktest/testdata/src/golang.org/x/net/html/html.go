// Package html stands in for golang.org/x/net/html.
package html

import "io"

// Node is a part of a page.
type Node struct{ FirstChild, NextSibling *Node }

// Parse parses a page.
func Parse(r io.Reader) (*Node, error) { return nil, nil }
