#!/usr/bin/env bash
# Does what README.md tells a reader to do, in its words and its order, and looks for what it
# promises; then the examples in docs/clients.md of the libraries that it installed.
# usage: tests/readme/run.sh [SIDETONE_BINARY]
# Left out: what installs packages or changes the machine (blocks with sudo). Ports are free ones
# instead of 8080 and 9060.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/../clients/install.sh"
binary=$(realpath "${1:-${CARGO_TARGET_DIR:-$root/target}/release/sidetone}")
[ -x "$binary" ] || { echo "readme: no sidetone binary at $binary; build one or name it" >&2; exit 2; }
ready_venv_module
unset TWILIO_EDGE TWILIO_REGION HTTP_PROXY http_proxy AC TOKEN CA

work=$(mktemp -d)
servers=()
stop() {
  for server in "${servers[@]}"; do kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; done
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

# The reader's directory: the clone, built.
mkdir -p "$work/target/release"
ln -s "$binary" "$work/target/release/sidetone"
ln -s "$root/fixtures" "$work/fixtures"
cd "$work"

read -r http hep week < <(PYTHONPATH=$here/../durability python3 -c 'from server import free_port; print(free_port(), free_port(), free_port())')

# One file for each sh block of README.md, by place.
awk -v to="$work/block" '/^```sh$/ { n++; inside = 1; next } /^```$/ { inside = 0 } inside { print > sprintf("%s%02d.sh", to, n) }' "$root/README.md"
sed -i "s/localhost:8080/localhost:$http/g; s/\(localhost\|127\.0\.0\.1\):8081/127.0.0.1:$week/g; s/127\.0\.0\.1:9060/127.0.0.1:$hep/g" block*.sh
grep -l sudo block*.sh | xargs -r rm

# The majors that tests/clients knows: a new one shall not break the gate.
export PIP_CONSTRAINT=$here/../clients/python/requirements-9.txt
npm() { command npm "${@/%twilio/twilio@6}"; }

said=$work/said
# next PATTERN: the first block that holds it is run, in this shell: the second terminal.
next() {
  local block
  block=$(grep -lE -- "$1" block*.sh | head -1)
  [ -n "$block" ] || { echo "readme: no block says $1" >&2; exit 1; }
  echo "readme: $(grep -cE . "$block") lines with $1"
  set +u
  # shellcheck disable=SC1090
  . "./$block" >"$said" 2>"$said.err" || { cat "$block" "$said" "$said.err" >&2; exit 1; }
  set -u
  rm "$block"
}

found=0
# finds PATTERN...: each is in what was printed.
finds() {
  local pattern
  for pattern in "$@"; do
    grep -qE -- "$pattern" "$said" || { echo "readme: nothing like $pattern in:" >&2; cat "$said" "$said.err" >&2; exit 1; }
    found=$((found + 1))
  done
}

# The first terminal. `make` and `cargo` were done before.
grep -lE '^make ' block*.sh | xargs rm
first=$(grep -l 'sidetone serve' block*.sh)
sed -i '/^cargo build --release$/d; s/serve$/serve --listen 127.0.0.1:'"$http"' --hep-udp 127.0.0.1:'"$hep"' --hep-tcp 127.0.0.1:'"$hep"'/; $s/^/exec env /' "$first"
# starts BLOCK: in a terminal of its own.
starts() {
  : >"$1.out"
  bash "./$1" >"$1.out" 2>"$1.err" &
  servers+=("$!")
  for _ in $(seq 1200); do
    grep -q '^listening on' "$1.out" && break
    kill -0 "${servers[-1]}" || { cat "$1.out" "$1.err" >&2; exit 1; }
    sleep 0.1
  done
  rm "$1"
}
starts "$first"

next 'status-callback'
finds '"call_state": ?"answered"' '"call_state": ?"completed"' '"processing_state": ?"complete"' '"connect_duration": ?12'
next 'annotate.py'
finds "$CA completed .*'answered_by': 'human'.*'call_score': 2"
next 'find.mjs'
finds "$CA completed .*echo"
# And the same two of docs/clients.md, beside the libraries that are there now.
for example in python:clients.py js:clients.mjs; do
  snippet "${example%%:*}" | sed "s/localhost:8080/localhost:$http/g" >"target/walk/${example#*:}"
done
target/walk/bin/python target/walk/clients.py >"$said" 2>"$said.err" || { cat "$said.err" >&2; exit 1; }
finds "$CA completed"
node target/walk/clients.mjs >"$said" 2>"$said.err" || { cat "$said.err" >&2; exit 1; }
finds "$CA completed"
next 'QualityIssueAnnotation'
finds "$CA"
next 'Statistics'
finds '"group": ?\{"CallState": ?"completed"\}, ?"calls": ?1'
next 'Feedback.json'
finds '"quality_score": ?2' '"status": ?"queued"'
next 'ingest fixtures'
finds '"call_state": ?"completed"' '"packets_loss_percentage": ?[5-9]\.' '"mos_method"'

# The second page.
third=$(grep -l 'sidetone demo' block*.sh)
sed -i '$s/^/exec /' "$third"
starts "$third"
next 'OrderBy'
# Of a week that begins at another hour it may be another one.
finds '"groups_left_out": ?[1-9]' '"group": ?\{"Carrier": ?"[A-Z]'
next 'labels.csv'
finds '"result": ?"changed"' '"group": ?\{"Carrier": ?"Cascade Wireless"\}, ?"calls": ?[1-9]'
next 'calls.csv'
# Those of the exports' test, and what it trains.
cache=$root/target/export
python_env python "$here/../export/requirements.txt"
python3 -c 'import json; [print("".join(it["source"])) for it in json.load(open("'"$root"'/examples/spam.ipynb"))["cells"] if it["cell_type"] == "code"]' >spam.py
"$cache/python/bin/python" spam.py >"$said" 2>"$said.err" || { cat "$said.err" >&2; exit 1; }
# Better than saying that none is.
finds '^ *spam +0\.[6-9]'

left=$(ls block*.sh 2>/dev/null || true)
[ -z "$left" ] || { echo "readme: nobody ran:" >&2; cat $left >&2; exit 1; }
echo "readme: $found passed, 0 failed"
