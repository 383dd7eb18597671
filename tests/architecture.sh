#!/usr/bin/env bash
# The invariants of ARCHITECTURE.md that dependency lists and imports can show.
set -euo pipefail
cd "$(dirname "$0")/.."

# deps CRATE: everything it is built from, itself left out.
deps() { cargo tree --package "$1" --edges normal --prefix none --format '{p}' | tail -n +2 | cut -d' ' -f1 | sort -u; }

failed=0
# forbid CRATE WORDS…: none of the words may be in its dependencies.
forbid() {
  local crate=$1 found
  shift
  for word in "$@"; do
    found=$(deps "$crate" | grep -x "$word" || true)
    if [ -n "$found" ]; then
      echo "architecture: $crate must not depend on $found" >&2
      failed=1
    fi
  done
}

forbid sidetone-core tokio hyper axum rusqlite libsqlite3-sys sidetone-wire sidetone-store sidetone mio socket2
forbid sidetone-wire tokio hyper axum rusqlite libsqlite3-sys sidetone-store sidetone mio socket2
# The contract knows no engine; an engine knows the contract and what a call is.
forbid sidetone-store rusqlite libsqlite3-sys hyper axum sidetone-wire sidetone
forbid sidetone-store-sqlite hyper axum sidetone-wire sidetone
forbid sidetone-demo tokio hyper axum rusqlite libsqlite3-sys sidetone-store sidetone mio socket2

# The program's modules import only what is below them.
python3 tests/layers.py || failed=1

# Nothing above the store knows SQL.
if grep -rniE --include='*.rs' '\b(rusqlite|select .* from|insert into|update [a-z_]+ set|delete from|pragma)\b' crates/sidetone/src crates/sidetone-demo/src; then
  echo "architecture: SQL above the store" >&2
  failed=1
fi
# The store does not fold.
if grep -rnE --include='*.rs' '\bsidetone_core::(fold|tags|quality)\b' crates/sidetone-store/src crates/sidetone-store-sqlite/src; then
  echo "architecture: the store folds" >&2
  failed=1
fi
# No circles of imports in any crate: all are named.
# The bench is above all: nothing is built from it.
for crate in sidetone sidetone-core sidetone-demo sidetone-store sidetone-store-sqlite sidetone-wire; do
  forbid "$crate" sidetone-bench
done
python3 tests/circles.py sidetone sidetone-bench sidetone-demo sidetone-core sidetone-wire sidetone-store sidetone-store-sqlite || failed=1
[ "$failed" = 0 ] && echo "architecture: invariants hold"
exit "$failed"
