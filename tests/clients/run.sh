#!/usr/bin/env bash
# Runs the official, unmodified client libraries against a fresh server.
# usage: tests/clients/run.sh [SIDETONE_BINARY]
# Needs python3, node >= 20, npm, go, a JDK and Maven; as root it installs the last three. Libraries
# are installed once, under target/.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
cache=$root/target/clients
. "$here/install.sh"
. "$here/verdict.sh"
. "$here/../server.sh"

binary=${1:-}
for candidate in "$target/release/sidetone" "$target/debug/sidetone"; do
  [ -n "$binary" ] || { [ -x "$candidate" ] && binary=$candidate; }
done
[ -x "$binary" ] || { echo "run.sh: no sidetone binary${binary:+ at $binary}; build one or name it" >&2; exit 2; }

# The libraries would follow these away from the server under test.
unset TWILIO_EDGE TWILIO_REGION TWILIO_ACCOUNT_SID TWILIO_AUTH_TOKEN HTTP_PROXY http_proxy

for major in 7 8 9; do python_env "python$major" "$here/python/requirements-$major.txt"; done
python_env schemathesis "$here/schemathesis/requirements.txt"
node_packages "$here/node/package.json"
go_suite "$here/go"
java_suite 9.14.1 "$here/java" "$here"/java/{Voice,Events,Feedback}Test.java
java_suite 10.6.0 "$here/java" "$here"/java/{Voice,Events}Test.java # has no Call Feedback

work=$(mktemp -d)
server=
stop() {
  if [ -n "$server" ]; then kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; fi
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

export SIDETONE_ACCOUNT_SID=AC0123456789abcdef0123456789abcdef SIDETONE_AUTH_TOKEN=0f1e2d3c4b5a69788796a5b4c3d2e1f0
export SIDETONE_WEBHOOK_ALLOW_PRIVATE=1 # StatusCallbacks go to receivers on this machine
: >"$work/server.out" # It is read before the server has opened it.
SIDETONE_SETTLE=1s "$binary" serve --listen 127.0.0.1:0 --data "$work/data" --hep-udp off --hep-tcp off \
  >"$work/server.out" 2>"$work/server.err" &
server=$!
listening http
echo "server: $url"

child=$("$binary" account create --data "$work/data" --parent "$SIDETONE_ACCOUNT_SID" --name below)
key=$("$binary" key create --data "$work/data" --account "$SIDETONE_ACCOUNT_SID")
printf '{"parent":{"account_sid":"%s","auth_token":"%s"},"subaccount":%s,"api_key":%s}\n' \
  "$SIDETONE_ACCOUNT_SID" "$SIDETONE_AUTH_TOKEN" "$child" "$key" >"$work/accounts.json"
sleep 2 # accounts and keys made beside a running server are noticed within two seconds

export SIDETONE_MANIFEST=$work/manifest.json
PYTHONDONTWRITEBYTECODE=1 python3 "$here/seed" --url "$url" --accounts "$work/accounts.json" --manifest "$SIDETONE_MANIFEST"

for major in 7 8 9; do verdict_of_pytest "python twilio $major" "$cache/python$major/bin/python" "$here/python"; done
verdict_of_node "node twilio 3" twilio3 "$here"/node/*.test.js
# The last version with Call Feedback. Not the other suites: it drops codes and annotations from
# lists.
verdict_of_node "node twilio 4.0.0" twilio40 "$here"/node/{feedback,feedback_summary,signature}.test.js
shopt -s extglob
for major in 4 6; do verdict_of_node "node twilio $major" "twilio$major" "$here"/node/!(feedback*).test.js; done
verdict_of_go "go twilio-go 1"
verdict_of_java "java twilio 9" 9.14.1
verdict_of_java "java twilio 10" 10.6.0
verdict_of_schemathesis "$here/schemathesis/run.sh" "$cache/schemathesis/bin" "$url"

# By now everything has been counted but packets of agents.
curl --silent --output /dev/null --user "$SIDETONE_ACCOUNT_SID:$SIDETONE_AUTH_TOKEN" --data-binary 'no packet' "$url/ingest/v1/hep"
python3 "$here/../packaging/dashboard.py" "$url" || failed=1

kill -0 "$server" 2>/dev/null || { echo "run.sh: the server died" >&2; tail -40 "$work/server.err" >&2; failed=1; }
exit "$failed"
