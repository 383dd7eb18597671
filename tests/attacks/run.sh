#!/usr/bin/env bash
# What strangers and senders gone wild do to the server: each attack against the program as it is
# shipped, within a limit of memory.
set -euo pipefail
cd "$(dirname "$0")/../.."
# As `make release` builds them, so that nothing is built again after it.
make --no-print-directory release
python3 tests/attacks/main.py "${CARGO_TARGET_DIR:-target}/release/sidetone" "$@"
