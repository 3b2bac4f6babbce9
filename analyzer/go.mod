module github.com/syncmem/syncmem/analyzer

go 1.26.0

require github.com/syncmem/syncmem v0.0.0

require golang.org/x/tools v0.52.0

require github.com/stretchr/testify v1.12.1

require (
	github.com/google/go-cmp v0.7.0 // indirect
	golang.org/x/sync v0.24.0 // indirect
)

require (
	go.yaml.in/yaml/v3 v3.0.6 // indirect
	golang.org/x/mod v0.42.0 // indirect
)

replace github.com/syncmem/syncmem => ..
