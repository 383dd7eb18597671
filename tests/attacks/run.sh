#!/usr/bin/env bash
# What strangers and senders gone wild do to the server: each attack against the program as it is
# shipped, within a limit of memory.
set -euo pipefail
cd "$(dirname "$0")/../.."
# As `make release` builds them, so that nothing is built again after it.
cargo build --release --quiet --package sidetone --package sidetone-bench --bin sidetone --bin deliveries --features sidetone/parquet
python3 tests/attacks/main.py "${CARGO_TARGET_DIR:-target}/release/sidetone" "$@"
