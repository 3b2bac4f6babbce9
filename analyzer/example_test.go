package analyzer_test

import (
	"fmt"

	"github.com/syncmem/syncmem/analyzer"
)

// A driver of your own takes the checks as they are: multichecker.Main(
// analyzer.All()...), or unitchecker.Main for a tool of go vet.
func ExampleAll() {
	for _, a := range analyzer.All() {
		fmt.Println(a.Name)
	}
	// Output:
	// wholeread
	// wholedecode
	// accumulate
	// trackedcopy
	// pinning
	// retain
	// ungated
	// truncated
	// unfiltered
	// lease
	// directive
	// firststage
}
