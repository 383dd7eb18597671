#!/usr/bin/env bash
# Exports of a server and of the program, read by pandas, pyarrow and DuckDB: whole, cut short, taken slowly.
# usage: tests/export/run.sh [SIDETONE_BINARY]
# Parquet is looked at if the binary was built with it (--features parquet). Libraries are installed once, under target/.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=$root/target/export
. "$here/../clients/install.sh"
binary=$(realpath "${1:-${CARGO_TARGET_DIR:-$root/target}/release/sidetone}")
[ -x "$binary" ] || { echo "export: no sidetone binary at $binary; build one or name it" >&2; exit 2; }
unset HTTP_PROXY http_proxy
python_env python "$here/requirements.txt"

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../durability exec "$cache/python/bin/python" "$here/check.py" "$binary"
