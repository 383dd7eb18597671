#!/usr/bin/env bash
# What strangers and senders gone wild do to the server: each attack against the program as it is
# shipped, within a limit of memory.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --release --quiet --package sidetone
python3 tests/attacks/main.py "${CARGO_TARGET_DIR:-target}/release/sidetone" "$@"
