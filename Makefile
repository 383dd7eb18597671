# Two commands do everything on a fresh Debian with Rust and Node: `make demo` and `make test`.

CARGO ?= cargo
# Calls that `make bench` measures with.
CALLS ?= 1000000

.PHONY: demo test check bench audit fuzz lint unit release clients voice-sdk alerts streams export readme calls browser durability attacks deb ui

# Without Node there is a demo all the same: what the interface shows is asked by curl then.
ifneq ($(shell command -v npm),)
demo: ui
	$(CARGO) run --release --features sidetone/email,sidetone/oidc,sidetone/ui -- demo
else
demo:
	@echo "This demo has no web interface: that is built by Node (20 or newer), and there is none here."
	$(CARGO) run --release -- demo
endif

# The web interface, in ui/dist: what the feature `ui` builds into the program. It is made again when
# something of it has changed.
ui: ui/dist/index.html
ui/dist/index.html: ui/node_modules/.package-lock.json crates/sidetone/src/api/openapi.json \
  $(shell find ui -type f -not -path '*/node_modules/*' -not -path 'ui/dist/*' -not -path '*/test-results/*' -not -name schema.d.ts)
	npm --prefix ui run build
	touch $@
# By the lock file, but not by `npm ci`: that takes it for a fault that an optional dependency of Vite,
# for Windows alone, is in no registry.
ui/node_modules/.package-lock.json: ui/package-lock.json
	npm --prefix ui install --no-save --no-audit --no-fund
	touch $@

# Two lanes at once: the program as it is shipped, which mostly waits and measures, goes first; the
# code on its own has what that leaves of the machine.
test:
	$(MAKE) --jobs=2 --output-sync=line LANES=yes unit attacks
ifdef LANES
unit lint: CARGO := nice -n 10 $(CARGO)
# Its job server is not for the scripts, whose cargo would warn of it.
unexport MAKEFLAGS
unit: lint
voice-sdk: clients
readme: voice-sdk
export: readme
alerts: export
streams: alerts
durability: streams
calls: durability
browser: calls
attacks: browser
# What the next build could reuse costs a first one more than it is worth.
ifeq ($(wildcard target/debug),)
export CARGO_INCREMENTAL = 0
endif
endif

# The feature `ui` is built and looked at with a small interface: the real one is made by Node.
check lint: export SIDETONE_UI_DIST = $(CURDIR)/fixtures/ui

# What to run before each commit: needs nothing but Rust and a C compiler, nor root. More tests at once
# than cores, as many of them wait.
check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	RUST_TEST_THREADS=$$((2 * $$(nproc))) $(CARGO) test --workspace --lib --bins --tests --quiet

lint:
	$(CARGO) fmt --all --check
	bash tests/architecture.sh
	$(CARGO) clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps --quiet

unit:
	$(CARGO) test --workspace --features sidetone/email,sidetone/oidc

# With the interface, mail, OpenID Connect and Parquet, as packages have it: their libraries are compiled once, and nothing else is again.
release: ui
	$(CARGO) build --release --package sidetone --package sidetone-bench --bin sidetone --bin deliveries --features sidetone/email,sidetone/oidc,sidetone/parquet,sidetone/ui

# The official client libraries and schemathesis, unmodified, against the program as it is shipped.
clients: release
	bash tests/clients/run.sh

# The stock Voice SDK for browsers, unmodified, in Chromium; what is said of its calls against the
# page's own statistics.
voice-sdk: release
	bash tests/voice-sdk/run.sh

# What is exported, read by those who read it.
export: release
	bash tests/export/run.sh

# Alerts told to Debian's Alertmanager, and by mail through a real server.
alerts: release
	bash tests/alerts/run.sh

# Events of calls taken by real receivers: the OpenTelemetry Collector's, and others.
streams: release
	bash tests/streams/run.sh

# What README.md tells people to do, done.
readme: release
	bash tests/readme/run.sh

# Real calls through Kamailio and rtpengine into the program as it is shipped; what it says of them
# against the phones' own counts.
calls: release
	bash tests/calls/run.sh

# What runs in browsers: the tests of its parts, and Chromium against the program as it is shipped.
browser: ui release
	bash tests/browser/run.sh

# What is acknowledged is there after kill -9 and loss of power, in backups, on a full disk, and only
# after it was synced.
durability: release
	bash tests/durability/run.sh

# What strangers and senders gone wild do to the server, within a limit of memory.
attacks: release
	bash tests/attacks/run.sh

bench:
	CALLS=$(CALLS) bash bench/run.sh

# A Debian package, in target/debian.
deb:
	bash packaging/deb.sh

audit:
	$(CARGO) deny --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-deny
	$(CARGO) deny check

# Each decoder for FUZZ_SECONDS. cargo-fuzz needs nightly features of the compiler; RUSTC_BOOTSTRAP
# allows them on stable.
FUZZ_SECONDS ?= 60
fuzz:
	$(CARGO) fuzz --version >/dev/null 2>&1 || $(CARGO) install --locked cargo-fuzz
	bash fuzz/run.sh $(FUZZ_SECONDS)
