#!/usr/bin/env bash
# The stock Voice SDK for browsers makes calls in Chromium; what the server says of them against the
# page's own statistics.
# usage: tests/voice-sdk/run.sh [SIDETONE_BINARY]
# Needs node >= 20 and npm; as root it installs Chromium and openssl. Libraries are installed once,
# under target/.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=$root/target/voice-sdk
. "$here/../clients/install.sh"
. "$here/../server.sh"

binary=${1:-${CARGO_TARGET_DIR:-$root/target}/release/sidetone}
[ -x "$binary" ] || { echo "run.sh: no sidetone binary at $binary; build one or name it" >&2; exit 2; }
debian_packages chromium chromium
debian_packages openssl openssl
node_packages "$here/package.json"

work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; fi
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=eventgw.twilio.com \
  -addext 'subjectAltName=DNS:eventgw.twilio.com,DNS:localhost,IP:127.0.0.1' \
  -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null

export SIDETONE_ACCOUNT_SID=AC0123456789abcdef0123456789abcdef SIDETONE_AUTH_TOKEN=0f1e2d3c4b5a69788796a5b4c3d2e1f0
: >"$work/server.out"
"$binary" serve --listen 127.0.0.1:0 --data "$work/data" --hep-udp off --hep-tcp off \
  --tls-cert "$work/cert.pem" --tls-key "$work/key.pem" >"$work/server.out" 2>"$work/server.err" &
server=$!
listening https

key=$("$binary" key create --data "$work/data" --account "$SIDETONE_ACCOUNT_SID")
member() { printf '%s' "$key" | sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p"; }
export ACCOUNT_SID=$SIDETONE_ACCOUNT_SID AUTH_TOKEN=$SIDETONE_AUTH_TOKEN KEY_SID KEY_SECRET
KEY_SID=$(member key_sid) KEY_SECRET=$(member secret)
export CHROMIUM NODE_PATH=$cache/node/node_modules NODE_EXTRA_CA_CERTS=$work/cert.pem
CHROMIUM=$(command -v chromium)
if ! timeout 600 node "$here/main.js" "$url" "$work/cert.pem" "$work/key.pem"; then
  cat "$work/server.err" >&2
  exit 1
fi
