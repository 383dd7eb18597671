#!/usr/bin/env bash
# What is acknowledged survives: kill -9 twenty times, and twice while deliveries leave; a kill and a
# loss of power between any two writes; a backup under load; a full disk; a trace of the system calls
# of one commit.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v strace >/dev/null; then
  if [ "$(id -u)" != 0 ]; then
    echo "durability: strace is missing; install it (apt-get install strace)" >&2
    exit 1
  fi
  apt-get install -y --no-install-recommends strace >/dev/null || { apt-get update && apt-get install -y --no-install-recommends strace; } >/dev/null
fi
# As `make release` builds them, so that nothing is built again after it.
make --no-print-directory release
target="${CARGO_TARGET_DIR:-target}/release"
binary="$target/sidetone"
python3 tests/durability/kill.py "$binary" "${ROUNDS:-20}"
python3 tests/durability/sync.py "$binary"
python3 tests/durability/crash.py "$binary"
python3 tests/durability/restore.py "$binary"
if [ "$(id -u)" = 0 ]; then
  python3 tests/durability/disk.py "$binary"
else
  echo "durability: a full disk is left out: it takes root to mount one" >&2
fi
python3 tests/durability/deliver.py "$binary" "$target/deliveries"
