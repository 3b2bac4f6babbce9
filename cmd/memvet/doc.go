// Memvet finds the memory hazards of content syncs: first stages that read a
// whole stream, decode a whole document or collect every unit before the first
// is emitted, copies kept to find changes, small parts that keep big buffers
// alive, and queues and leases that the account does not see.
//
// It is a tool of go vet, which loads the packages, carries the facts from one
// to the next, and caches:
//
//	go vet -vettool=$(which memvet) ./...
//
// By itself it hands its own binary to go vet and prints what comes back in
// more formats:
//
//	memvet [flags] [packages]
//	memvet -format text|json|sarif|github ./...
//	memvet -confidence=low ./...          what is less sure, too, each with the doubt
//	memvet -write-baseline FILE ./...     accept today's findings
//	memvet -baseline FILE ./...           report new ones only, and stale lines
//	memvet -baseline FILE -shrink ./...   take the stale lines out
//	memvet -fix [-diff] ./...             apply the fixes that are always safe
//	memvet explain [CHECK]
//
// The exit code is 0 when nothing was found, 1 when some package could not be
// analyzed (the others were), 2 for wrong usage, and 3 for findings. As go
// vet's tool it has go vet's: 1 for findings.
package main
