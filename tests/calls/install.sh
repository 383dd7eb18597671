# Sourced by run.sh: Kamailio, rtpengine, baresip and the tools around them, from Debian's packages.

packages=(kamailio kamailio-extra-modules rtpengine-daemon baresip-core iproute2 iptables tcpdump)

missing_programs() {
  local program
  for program in kamailio rtpengine baresip ip iptables tcpdump; do
    command -v "$program" >/dev/null || echo "$program"
  done
  compgen -G '/usr/lib/*/kamailio/modules/rtpengine.so' >/dev/null || echo rtpengine.so
}

install_programs() {
  [ -n "$(missing_programs)" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing ${packages[*]}"
    without_services install_packages
  fi
  [ -z "$(missing_programs)" ] || { echo "calls: missing: $(missing_programs | xargs); install ${packages[*]}" >&2; exit 1; }
}

install_packages() {
  local install=(apt-get install -qy --no-install-recommends "${packages[@]}")
  export DEBIAN_FRONTEND=noninteractive
  "${install[@]}" >/dev/null 2>&1 || { apt-get update -q && "${install[@]}"; } >/dev/null
}

# The packages would start a proxy and a media relay of their own. 101: not allowed to.
without_services() {
  local policy=/usr/sbin/policy-rc.d status=0
  [ -e $policy ] && { "$@"; return; }
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
  "$@" || status=$?
  rm -f $policy
  return $status
}
