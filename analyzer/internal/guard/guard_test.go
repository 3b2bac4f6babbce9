package guard

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/go/analysis"
)

func TestPanicIsNamedAndContained(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", "package p", 0)
	require.NoError(t, err)
	var got []analysis.Diagnostic
	pass := &analysis.Pass{
		Fset: fset, Files: []*ast.File{file}, Pkg: types.NewPackage("example.org/p", "p"),
		Report: func(d analysis.Diagnostic) { got = append(got, d) },
	}
	Run(pass, "wholeread", func() {
		var none *ast.Ident
		_ = none.Name // what a bug in a check looks like
	})
	require.Len(t, got, 1)
	require.Contains(t, got[0].Message, "memvet/wholeread: internal error on package example.org/p")
	require.Contains(t, got[0].Message, "nil pointer")
	require.Contains(t, got[0].Message, "guard_test.go:")
	require.Equal(t, file.Name.Pos(), got[0].Pos)

	got = nil
	Run(pass, "wholeread", func() {})
	require.Empty(t, got)
}
