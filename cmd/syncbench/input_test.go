package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/ulikunitz/xz"
)

// manifest is a PULP_MANIFEST of n files.
func manifest(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "dir/file-%06d.bin,%064x,%d\n", i, i+1, 1000+i)
	}
	return b.Bytes()
}

// packages is a Packages index of n packages, each with text that compression leaves something of.
func packages(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "Package: pkg-%d\nVersion: 1.%d-1\nArchitecture: amd64\nMaintainer: Nobody <nobody@example.org>\n"+
			"Filename: pool/main/p/pkg-%d_1.%d-1_amd64.deb\nSize: %d\nSHA256: %064x\nDescription: package %x\n\n",
			i, i, i, i, 1000+i, i+1, uint32(i)*2654435761)
	}
	return b.Bytes()
}

// makeInput is the command "NAME N FILE", which writes an input of n units.
func makeInput(generate func(n int) []byte) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		n, err := strconv.Atoi(args[0])
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), generate(n), 0o644))
	}
}

// compressors are the formats that inputs may have, by the suffix of their files.
var compressors = map[string]func(io.Writer) (io.WriteCloser, error){
	"gz":  func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	"xz":  func(w io.Writer) (io.WriteCloser, error) { return xz.WriterConfig{DictCap: 1 << 20}.NewWriter(w) },
	"zst": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	"lz4": func(w io.Writer) (io.WriteCloser, error) {
		z := lz4.NewWriter(w)
		return z, z.Apply(lz4.BlockSizeOption(lz4.Block64Kb), lz4.BlockChecksumOption(true))
	},
}

// compress FORMAT IN OUT compresses a file.
func compress(ts *testscript.TestScript, _ bool, args []string) {
	data, err := compressed(args[0], []byte(ts.ReadFile(args[1])))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), data, 0o644))
}

func compressed(format string, data []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := compressors[format](&b)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	err = w.Close()
	return b.Bytes(), err
}

// endless is the command "FORMAT HEAD OUT": the text of a file, but for its last line end, and 1 GB of one letter behind
// it. Compressed, 4 MiB of that are written again and again, as another stream each time; plain, it is a file with a hole.
func endless(ts *testscript.TestScript, _ bool, args []string) {
	const size, piece = 1 << 30, 4 << 20
	head := bytes.TrimSuffix([]byte(ts.ReadFile(args[1])), []byte("\n"))
	f, err := os.Create(ts.MkAbs(args[2]))
	ts.Check(err)
	defer f.Close()
	if args[0] == "plain" {
		_, err := f.Write(head)
		ts.Check(err)
		ts.Check(f.Truncate(size))
		return
	}
	first, err := compressed(args[0], head)
	ts.Check(err)
	again, err := compressed(args[0], bytes.Repeat([]byte("x"), piece))
	ts.Check(err)
	_, err = f.Write(append(first, bytes.Repeat(again, size/piece)...))
	ts.Check(err)
}

// damage is the command "NAME IN OUT", which spoils a file.
func damage(spoil func([]byte) []byte) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), spoil([]byte(ts.ReadFile(args[0]))), 0o644))
	}
}

func cutInHalf(b []byte) []byte { return b[:len(b)/2] }

func withGarbage(b []byte) []byte { return append(b, "garbage"...) }

// flipByte turns the bits of a byte in the middle.
func flipByte(b []byte) []byte {
	b[len(b)/2] ^= 0xff
	return b
}
