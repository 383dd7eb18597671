#!/usr/bin/env bash
# Real calls through Kamailio and rtpengine, mirrored into a running sidetone, and its summaries
# against the phones' own counts.
# usage: tests/calls/run.sh [--truth] [--record DIR] [SIDETONE_BINARY]
# --truth    without sidetone: only what the phones counted, and whether that agrees with itself
# --record   keeps what was mirrored and the truth of each call in DIR, as in fixtures/hep
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/install.sh"

if [ "$(id -u)" != 0 ] && command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  exec sudo -n env PATH="$PATH" CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/target}" bash "$here/run.sh" "$@"
fi

mode=calls record= binary=${CARGO_TARGET_DIR:-$root/target}/release/sidetone
while [ $# -gt 0 ]; do
  case $1 in
    --truth) mode=truth ;;
    --record) record=$(mkdir -p "$2" && cd "$2" && pwd) && shift ;;
    *) binary=$1 ;;
  esac
  shift
done
if [ $mode = truth ]; then binary=; else
  [ -x "$binary" ] || { echo "calls: no sidetone binary at $binary; build one or name it" >&2; exit 2; }
  binary=$(realpath "$binary")
fi

install_programs

# Networks and processes of their own: they all end with the first process in there, however it
# ends.
own=(unshare --net --mount --pid --fork --kill-child --mount-proc)
[ "$(id -u)" = 0 ] || own+=(--user --map-current-user --keep-caps)
"${own[@]}" ip link set lo up 2>/dev/null || {
  echo "calls: network namespaces are needed: run as root, in a container with CAP_SYS_ADMIN and CAP_NET_ADMIN" >&2
  exit 1
}

work=$(mktemp -d)
lab=
stop() {
  # unshare itself takes no other signal.
  if [ -n "$lab" ]; then kill -KILL "$lab" 2>/dev/null || true; wait "$lab" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

export PYTHONDONTWRITEBYTECODE=1 XTABLES_LOCKFILE=$work/xtables.lock
"${own[@]}" python3 "$here/main.py" --work "$work" --record "$record" --binary "$binary" &
lab=$!
status=0
wait "$lab" || status=$?
lab=
exit "$status"
