#!/usr/bin/env bash
# The tests of the parts of what runs in browsers, which `make ui` has built.
# usage: tests/browser/run.sh
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../../ui"
[ -d node_modules ] || { echo "run.sh: its libraries are missing; run make ui" >&2; exit 1; }
NO_COLOR=1 npm test --silent -- --reporter=dot
