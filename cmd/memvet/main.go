package main

import (
	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/syncmem/syncmem/analyzer"
)

func main() { unitchecker.Main(analyzer.All()...) }
