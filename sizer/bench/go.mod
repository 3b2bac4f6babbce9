module github.com/syncmem/syncmem/sizer/bench

go 1.26.0

replace github.com/syncmem/syncmem => ../..

require (
	github.com/DmitriyVTitov/size v1.5.0
	github.com/syncmem/syncmem v0.0.0
)
