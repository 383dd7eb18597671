# The web interface in Chromium, on all calls there are.

# interface: until its screens show what they are there for.
interface() {
  local middle longest what aim
  need chromium chromium
  [ -x ui/node_modules/.bin/playwright ] || npm --prefix ui install --no-save --no-audit --no-fund >/dev/null
  while IFS=$'\t' read -r middle longest what; do
    case $what in *filter*) aim="≤ 300 ms" ;; *) aim="≤ 1000 ms" ;; esac
    row "interface: $what" "$middle ms (longest $longest)" – – "$aim"
  done < <(taskset -c "$CLIENT_CORE" node bench/interface.mjs "http://$ADDR_server" "$ACCOUNT" "$TOKEN" 5)
}
