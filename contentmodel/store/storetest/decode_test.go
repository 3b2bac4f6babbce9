package storetest

import (
	"bytes"
	"fmt"
	"iter"
	"testing"

	"github.com/syncmem/syncmem/contentmodel"
	"github.com/syncmem/syncmem/contentmodel/deb"
	"github.com/syncmem/syncmem/contentmodel/file"
)

// FuzzBodies: whatever a reader makes of its input, the body and the key hold all of it.
func FuzzBodies(f *testing.F) {
	const digest = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
	const need = "Version: 1\nArchitecture: all\nFilename: pool/x.deb\nSize: 5\nSHA256: " + digest + "\n"
	f.Add([]byte("a\"b\\\u2028," + digest + ",9223372036854775807\r\n# c\n\xef\xbb\xbfb c , " + digest + " , 0"))
	f.Add([]byte("Package: a\n" + need + "Tag: \xff\n y\x00\nX-Y:\nMultiArch: no\nfields: x\nmulti-arch: same\n\n# c\nPackage: b\n" + need))
	f.Add([]byte("Package: a\nVersion: 1\nDirectory: pool/a\nX-Y:\nFiles:\n 00000000000000000000000000000001 12 a.dsc\n\nPackage: b\nVersion: 1\nChecksums-Sha256:\n " + digest + " 0 b.dsc\nFiles:\n x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		compare(t, file.Read("M", bytes.NewReader(data)))
		compare(t, deb.ReadPackages("P", bytes.NewReader(data)))
		compare(t, deb.Options{}.ReadSources("S", bytes.NewReader(data)))
	})
}

func compare[U contentmodel.Unit](t *testing.T, seq iter.Seq2[U, error]) {
	for u, err := range seq {
		if err != nil {
			return
		}
		var body bytes.Buffer
		if err := u.WriteBody(&body); err != nil {
			t.Fatal(err)
		}
		back, err := decode(u.Kind(), u.Key(), body.Bytes())
		if err != nil {
			t.Fatalf("%v in %s", err, &body)
		}
		// What nobody outside can set, such as which fields of an index were there without a value, is not compared.
		if differing(u, back) != "" || back.Key() != u.Key() {
			t.Fatalf("read\n%q\nkept\n%q\nas %s", fmt.Sprint(u), fmt.Sprint(back), &body)
		}
	}
}
