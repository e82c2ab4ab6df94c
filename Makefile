# bgtasks: run tasks in the background, and tell the truth about them.
#
#   make            build every command into ./bin
#   make demo       build, then run the main job for real in a home of its own
#   make test       run all tests (RACE=-race adds the race detector; it needs a C compiler)
#   make soak       kill supervisors and verbs at random for DURATION (60s), and check what must hold
#   make faults     fail at every named point in every way, and check the promises
#   make bench      measure bgtasks beside its peers; BENCH='-run start -n 50' and more, see bench/README.md
#   make lint       gofmt, vet, staticcheck, shellcheck, the manual pages, go mod tidy, the cross builds
#   make install    install commands and pages; PREFIX and DESTDIR as usual

PREFIX  ?= /usr/local
DESTDIR ?=
BINDIR  ?= $(PREFIX)/bin
MANDIR  ?= $(PREFIX)/share/man
VERSION ?= $(shell git describe --tags 2>/dev/null || echo 0.1.0-dev)
RACE    ?=

# Where "make build" puts the programs, and the build tags they get.
OUT     ?= bin
TAGS    ?=

# The benchmark is a module of its own: its libraries are none of the programs'.
MODULES     := . bench
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
PLATFORMS   := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 freebsd/amd64

# The collector that Go 1.26 has by default keeps 70 KiB more in every idle
# shim than the one before it. A toolchain that has only the new one takes that.
EXPERIMENT := $(shell GOEXPERIMENT=nogreenteagc go version >/dev/null 2>&1 && echo nogreenteagc)
GOBUILD  := GOEXPERIMENT=$(EXPERIMENT) CGO_ENABLED=0 go build -trimpath $(if $(TAGS),-tags $(TAGS)) -ldflags '-s -w -X bgtasks/lib/cli.Version=$(VERSION)'

.PHONY: all build demo test soak faults fuzz bench bench-smoke lint fmt vet staticcheck shellcheck pages tidy cross install uninstall clean

all: build

build:
	@mkdir -p $(OUT)
	$(GOBUILD) -o $(OUT)/ ./cmd/...

demo: build
	PATH="$(CURDIR)/bin:$$PATH" sh scripts/demo.sh

test:
	go test $(RACE) -timeout 40m ./...
	go -C bench test $(RACE) ./...

# The crash storm, for DURATION (as Go writes durations, or seconds) and with SEED.
DURATION ?= 60s
SEED     ?= $(shell date +%s)
soak:
	BG_STORM=$(DURATION) BG_STORM_SEED=$(SEED) go test $(RACE) -count=1 -timeout 0 -v -run TestStormOfKills ./test/storm

# Every failpoint (see lib/fail), every fault, in every scenario that comes by it
# (FAULTS=all), or in one (FAULTS=one: about three minutes).
FAULTS ?= all
faults:
	BGTASKS_FAULTS=$(FAULTS) go test -count=1 -timeout 60m -v ./test/faults
	go test -count=1 -tags failpoint ./lib/fail

# Each fuzz target for FUZZTIME; a crash is kept as a file under testdata/fuzz.
FUZZTIME ?= 10s
fuzz:
	sh scripts/fuzz.sh $(FUZZTIME)

# The benchmark (see bench/README.md), with flags of its own in BENCH; the results
# are printed, and kept in BENCH_OUT. The smoke run only shows that it works.
BENCH     ?=
BENCH_OUT ?= bench/out
bench: build
	go -C bench run . -bin $(abspath $(OUT)) -out $(abspath $(BENCH_OUT)) $(BENCH)

bench-smoke: build
	go -C bench run . -bin $(abspath $(OUT)) -smoke >/dev/null

lint: fmt vet staticcheck shellcheck pages tidy cross

fmt:
	@out=$$(gofmt -l .); test -z "$$out" || { echo "not formatted:"; echo "$$out"; exit 1; }

vet:
	@for m in $(MODULES); do go -C $$m vet ./... || exit 1; done

staticcheck:
	@for m in $(MODULES); do go -C $$m run $(STATICCHECK) ./... || exit 1; done

shellcheck:
	shellcheck scripts/*.sh bench/*.sh .ci/run

pages:
	mandoc -Tlint -W warning docs/*.[1-8]

tidy:
	@for m in $(MODULES); do go -C $$m mod tidy -diff || exit 1; done

cross:
	@for p in $(PLATFORMS); do \
		echo "build $$p"; \
		for m in $(MODULES); do \
			GOOS=$${p%/*} GOARCH=$${p#*/} CGO_ENABLED=0 go -C $$m build -o /dev/null ./... || exit 1; \
		done; \
	done

install: build
	install -d "$(DESTDIR)$(BINDIR)" "$(DESTDIR)$(MANDIR)/man1" "$(DESTDIR)$(MANDIR)/man5" "$(DESTDIR)$(MANDIR)/man7" "$(DESTDIR)$(MANDIR)/man8"
	install -m 755 bin/* "$(DESTDIR)$(BINDIR)/"
	for page in docs/*.[1-8]; do install -m 644 "$$page" "$(DESTDIR)$(MANDIR)/man$${page##*.}/" || exit 1; done

uninstall:
	for verb in cmd/*; do rm -f "$(DESTDIR)$(BINDIR)/$${verb##*/}"; done
	for page in docs/*.[1-8]; do rm -f "$(DESTDIR)$(MANDIR)/man$${page##*.}/$${page##*/}"; done

clean:
	rm -rf bin
