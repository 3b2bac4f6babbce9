# What a developer and .ci/run do, one target each. Variables in a target's help can be set on the command line.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO        ?= go
PKG       ?= work
BENCH     ?= .
COUNT     ?= 6
FUZZTIME  ?= 10s
LIMIT     ?= 64MiB
KEEP      ?= 126MiB,140MiB,160MiB
SOURCE    ?= synth:rpm-mixed,units=130000
LABELS    ?= labels.tsv
KIND      ?= uml
NEWEST    ?= go1.27.4
CHECKOUTS ?= checkouts
PLATFORMS ?= linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
# Sizes are compared with real heap growth, which the race detector changes: those tests skip themselves under it.
ACCURACY  := ./sizer/... ./internal/synth/...
# Concurrent code of our own.
RACY      := ./memacct/... ./memacct/memprom/... ./pipeline/... ./integrations/river/... ./cmd/internal/stagetest
# Libraries that must also work where an int has 32 bits.
LIBRARIES := ./sizer/... ./memacct/... ./memacct/memprom/... ./pipeline/... ./contentmodel/... ./contentmodel/store/sqlite/... ./contentmodel/store/postgres/... ./integrations/river/...
# The modules of go.work, and those that are not in it: what is only for who develops here.
MODULES   := $(shell sed -n 's|^\t\./*||p' go.work | sed 's|^$$|.|')
APART     := sizer/bench memacct/bench tools
TOOL      := GOWORK=off $(GO) tool -modfile=tools/go.mod

.PHONY: help build test race accuracy model fuzz bench lint vet cross newest cgroup wall2 sweep speed fleetsim results peers score score-newest graph tidy clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

build: ## the commands, into bin/
	mkdir -p bin && $(GO) build -o bin/ ./cmd/...

test: ## all tests, as the README says; needs a C compiler for the race detector
	$(GO) test -race -shuffle=on work

race: ## the concurrent packages again and again, on 1, 2 and 8 processors
	$(GO) test -race -shuffle=on -count=$(COUNT) -cpu=1,2,8 $(RACY)

accuracy: ## what the race detector would disturb or slow down: sizes and limits in real memory, the model check; and where an int has 32 bits
	$(GO) test -shuffle=on $(ACCURACY)
	$(GO) test -count=1 -run='TestHeld|TestPinned|HundredThousand' ./memacct ./memacct/internal/stacks
	$(GO) test -shuffle=on ./memacct/internal/core ./integrations/river/internal/admit
	@mkdir -p bin && GOARCH=386 CGO_ENABLED=0 $(GO) test -c -o bin/sizer-386.test ./sizer
	@if bin/sizer-386.test -test.list='^$$' >/dev/null 2>&1; then cd sizer && ../bin/sizer-386.test; \
		else echo "NOT PROVED: sizer where an int has 32 bits; this machine runs no 32-bit program" >&2; fi
	cd memacct/bench && GOWORK=off $(GO) test -count=1 .

model: ## the model check of the admission core at full depth, and a minute of stress
	SYNCMEM_MODEL=full $(GO) test -count=1 -timeout=30m ./memacct/internal/core
	SYNCMEM_STRESS=60s $(GO) test -race -count=1 -timeout=10m -run=TestStress ./memacct

fuzz: ## each fuzz target for FUZZTIME (10s)
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | while IFS=: read -r file func; do \
		echo "== $${func#func } in $$(dirname $$file)"; \
		$(GO) test -run='^$$' -fuzz="^$${func#func }\$$" -fuzztime=$(FUZZTIME) -fuzzminimizetime=1s ./$$(dirname $$file) </dev/null; \
	done

bench: ## benchmarks matching BENCH in PKG, COUNT times, into bench.out; compare two with: GOWORK=off go tool -modfile=tools/go.mod benchstat A B
	$(GO) test -run='^$$' -bench='$(BENCH)' -benchmem -count=$(COUNT) $(PKG) | tee bench.out

lint: ## gofumpt, staticcheck with every check, go vet
	@bad=$$($(TOOL) gofumpt -l .); test -z "$$bad" || { echo "gofumpt would change:"; echo "$$bad"; exit 1; }
	"$$(GOWORK=off $(GO) tool -n -modfile=tools/go.mod staticcheck)" work
	$(GO) vet work
	for m in sizer/bench memacct/bench; do (cd $$m && GOWORK=off $(GO) vet ./...); done

vet: ## our own checks over ourselves, as: go vet -vettool=memvet
	@if test -d cmd/memvet; then \
		mkdir -p bin && $(GO) build -o bin/ ./cmd/memvet && $(GO) vet -vettool="$$PWD/bin/memvet" work; \
	else \
		echo "NOT CHECKED: there is no cmd/memvet in this tree" >&2; \
	fi

score: ## memvet against LABELS over the repositories in CHECKOUTS: precision and recall with intervals, each repository left out, misses by cause
	$(GO) run ./analyzer/internal/score -labels "$(LABELS)" -checkouts "$(CHECKOUTS)" -v

score-newest: ## memvet built by the newest Go (NEWEST) must find the same in CHECKOUTS, without a crash
	$(GO) run ./analyzer/internal/score -labels "$(LABELS)" -checkouts "$(CHECKOUTS)" -compare $(NEWEST)

cross: ## build, and vet the tests, for every one of PLATFORMS; the libraries for a 32-bit one too
	@for p in $(PLATFORMS); do \
		echo "== $$p"; export CGO_ENABLED=0 GOOS=$${p%/*} GOARCH=$${p#*/}; $(GO) build work && $(GO) vet work; \
	done; \
	echo "== linux/386, libraries"; CGO_ENABLED=0 GOOS=linux GOARCH=386 $(GO) vet $(LIBRARIES)

newest: ## all tests again, without the race detector, with the newest Go (NEWEST), which is downloaded; go.mod names the oldest
	GOTOOLCHAIN=$(NEWEST) $(GO) test -shuffle=on work
	GOTOOLCHAIN=$(NEWEST) GOEXPERIMENT=mapsplitgroup $(GO) test -shuffle=on ./sizer/...
	GOTOOLCHAIN=$(NEWEST) $(GO) vet work

wall2: ## cgroup v2 in a virtual machine: limits found, walls held and broken, huge pages; KIND=uml 2 minutes, qemu 5; Debian on x86-64
	internal/wall2/run $(KIND)

cgroup: ## SOURCE behind a real memory cgroup of LIMIT (64MiB): held with a budget, broken by count; needs the right to make a cgroup; a minute
	SYNCMEM_CGROUP=1 $(GO) test -count=1 -run 'TestCgroup(Of(AGiant|Two)|KilledWhole)?$$' ./cmd/syncbench
	@mkdir -p bin && $(GO) build -o bin/ ./cmd/syncbench
	bin/syncbench sweep --limits="$(LIMIT)" --source="$(SOURCE)" --times=10

sweep: ## the same at 512, 256, 128 and 64 MiB, of work that needs ten times the largest; and where consumers keep a part of every unit, beside a Go limit alone; 6 GiB of memory, 15 minutes, 40 on a busy machine
	@mkdir -p bin && $(GO) build -o bin/ ./cmd/syncbench ./internal/synth/keeping
	bin/syncbench sweep --limits=512MiB,256MiB,128MiB,64MiB --source=synth:rpm-mixed,units=850000,order=giants-adjacent --times=10 --json=bin/sweep.json
	bin/syncbench keep bin/keeping

speed: ## what a limit costs: throughput at a quarter of the unlimited peak, processor time far from it; 10 to 20 minutes of an idle machine
	@mkdir -p bin && $(GO) build -o bin/ ./cmd/syncbench
	bin/syncbench speed -q --source="$(SOURCE)"

fleetsim: ## admission by memory on 1,000 hosts and a million jobs, in virtual time, beside limits by count; seconds
	$(GO) run ./integrations/river/internal/fleetsim

results: ## the workloads of the results page, unlimited, by count and by bytes, and consumers that keep a part of every unit, into bin/results.md; minutes of an idle machine
	@mkdir -p bin && $(GO) build -o bin/ ./cmd/syncbench ./internal/synth/keeping
	bin/syncbench results >bin/results.md
	{ printf '\n## Consumers that keep a part of every unit\n\nRuns that held, of three, and how long they took (`syncbench keep`):\n\n```\n'; \
	bin/syncbench keep --runs 3 --limits $(KEEP) bin/keeping; echo '```'; } >>bin/results.md
	cat bin/results.md

graph: ## the modules are what go.sum says, and the requirements of each of ours are tidy; the libraries build with the oldest that they require
	for m in $(MODULES) $(APART); do (cd $$m && export GOWORK=off && $(GO) mod verify && $(GO) mod tidy -diff); done
	GOWORK=off $(GO) vet ./...

peers: ## memacct beside what people use instead, behind real memory cgroups: kills, memory, speed, lines; 40 minutes
	cd memacct/bench && GOWORK=off $(GO) test -count=1 . && GOWORK=off $(GO) run .

tidy: ## tidy the requirements of each of our modules
	for m in $(MODULES) $(APART); do (cd $$m && GOWORK=off $(GO) mod tidy); done

clean: ## remove what the targets above made
	rm -rf bin bench.out
