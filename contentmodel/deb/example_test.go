package deb_test

import (
	"fmt"
	"strings"

	"github.com/syncmem/syncmem/contentmodel/deb"
)

func ExampleReadPackages() {
	index := "Package: hello\nVersion: 2.10-3\nArchitecture: amd64\n" +
		"Filename: pool/main/h/hello/hello_2.10-3_amd64.deb\nSize: 53996\nSHA256: " + strings.Repeat("1f", 32) + "\n\n" +
		"Package: broken\n"
	for p, err := range deb.ReadPackages("Packages", strings.NewReader(index)) {
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(p.Package, p.Version, p.Size)
	}
	// Output:
	// hello 2.10-3 53996
	// Packages:8: package "broken" has no Version; check that it is the Packages index of a repository, and fetch it again
}
