#!/usr/bin/env bash
# What runs in browsers, which `make ui` has built: the tests of its parts, and real browsers against
# the program as it is shipped.
# usage: tests/browser/run.sh [SIDETONE_BINARY] [PLAYWRIGHT_OPTION...]
# The program is built with its features `oidc` and `ui`. As root it installs Debian's chromium.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}

binary=
case ${1:-} in '' | -*) ;; *) binary=$1 && shift ;; esac
for candidate in "$target/release/sidetone" "$target/debug/sidetone"; do
  [ -n "$binary" ] || { [ -x "$candidate" ] && binary=$candidate; }
done
[ -x "$binary" ] || { echo "run.sh: no sidetone binary${binary:+ at $binary}; build one or name it" >&2; exit 2; }
export SIDETONE_BINARY
SIDETONE_BINARY=$(realpath "$binary")

[ -d "$root/ui/dist/sdk" ] || { echo "run.sh: nothing is built; run make ui" >&2; exit 1; }
if ! command -v chromium >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing chromium"
  export DEBIAN_FRONTEND=noninteractive
  install=(apt-get install -qy --no-install-recommends chromium fonts-liberation)
  "${install[@]}" >/dev/null 2>&1 || { apt-get update -q && "${install[@]}"; } >/dev/null
fi
command -v chromium >/dev/null || { echo "run.sh: chromium is missing; install it" >&2; exit 1; }

# The libraries that examples are for, and the provider of identities that people sign in through:
# left alone while their lists are unchanged.
examples=$root/examples/browser-sdk
for folder in "$examples" "$root/tests/browser/provider"; do
  if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed"; then
    echo "installing the libraries of ${folder#"$root"/}"
    npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error >/dev/null
    cp "$folder/package-lock.json" "$folder/node_modules/.installed"
  fi
done

cd "$root/ui"
NO_COLOR=1 npm test --silent -- --reporter=dot
npm run --silent --prefix "$examples" check
exec npx playwright test --reporter=list "$@"
