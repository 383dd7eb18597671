#!/usr/bin/env bash
# Alerts of the program as it is shipped, told to a real Alertmanager and by a real mail server.
# usage: tests/alerts/run.sh [SIDETONE_BINARY]
# The binary must have been built with the feature `email`. As root it installs Debian's prometheus-alertmanager and openssl; aiosmtpd is
# installed once, under target/.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
cache=$root/target/alerts
. "$here/../clients/install.sh"
binary=$(realpath "${1:-${CARGO_TARGET_DIR:-$root/target}/release/sidetone}")
[ -x "$binary" ] || { echo "alerts: no sidetone binary at $binary; build one or name it" >&2; exit 2; }
unset HTTP_PROXY http_proxy
debian_packages prometheus-alertmanager prometheus-alertmanager
debian_packages openssl openssl
python_env python "$here/requirements.txt"

PYTHONDONTWRITEBYTECODE=1 exec "$cache/python/bin/python" "$here/check.py" "$binary"
