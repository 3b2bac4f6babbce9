package crashes // want `memvet/facts: internal error on package crashes, .* crash on purpose`

import "io"

func Slurp(r io.Reader) ([]byte, error) { return io.ReadAll(r) }
