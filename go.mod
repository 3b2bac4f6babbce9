module github.com/syncmem/syncmem

go 1.26.0

require (
	github.com/DataDog/gostackparse v0.7.0
	github.com/KimMachineGun/automemlimit v1.0.1
	github.com/klauspost/compress v1.17.0
	github.com/orisano/gosax v1.1.4
	github.com/petermattis/goid v0.0.0-20261109124353-7cfa343ad0ab
	github.com/pierrec/lz4/v4 v4.1.33 // earlier ones take a cut stream for a whole one
	github.com/stretchr/testify v1.8.0
	github.com/ulikunitz/xz v0.5.17
	go.uber.org/goleak v1.2.0
	golang.org/x/sync v0.1.0
	golang.org/x/sys v0.5.0
	pgregory.net/rapid v1.0.0
)

require (
	github.com/cenkalti/backoff/v5 v5.0.3
	github.com/davecgh/go-spew v1.1.1 // indirect
	github.com/kr/text v0.2.0 // indirect
	github.com/pbnjay/memory v0.0.0-20210728143218-7b4eea64cf58 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
