# What a normal client waits for while others attack (tests/attacks). Neither side has a core of its
# own here.

attacks() {
  local p99 p50 longest requests most title
  python3 "$HERE/../tests/attacks/main.py" "$PROGRAM" --measure >"$OUT/attacks.txt" || die "an attack succeeded"
  while IFS=$'\t' read -r p99 p50 longest requests most title; do
    row "a normal client during $title: p99 of $requests requests (p50 $p50 ms, longest $longest ms; the server took at most $most MB)" \
      "$p99 ms" – – "≤ 50 ms"
  done <"$OUT/attacks.txt"
}
