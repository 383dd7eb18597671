# Deliveries out of the outbox, against the same HTTP client alone.

# told COUNT: what came at the receiver: sets RATE; it must be so many.
told() {
  local answer
  answer=$(curl -sS "http://$ADDR_receiver/")
  [ "${answer#* }" = "$1" ] || die "$answer came instead of $1 deliveries"
  RATE=${answer% *}
}

# deliver: fills the outbox of a directory of its own, lets the server empty it, three times in
# turns with the floor.
deliver() {
  local dir=$OUT/deliver ours=() floor=() began
  rm -rf "$dir"
  # The first start makes the account.
  serve "$dir"
  quit server
  # On the clients' core; it answers at once.
  : >"$OUT/receiver.log"
  taskset -c "$CLIENT_CORE" "$DELIVER" receive 127.0.0.1:0 >"$OUT/receiver.log" 2>&1 &
  PID_receiver=$!
  for _ in $(seq 100); do grep -q '^listening' "$OUT/receiver.log" && break; sleep 0.1; done
  ADDR_receiver=$(sed -n 's/^listening on http:\/\///p' "$OUT/receiver.log")
  [ -n "$ADDR_receiver" ] || die "the receiver does not listen"
  for _ in 1 2 3; do
    "$DELIVER" fill "$dir" "http://$ADDR_receiver/hook=$DELIVERIES"
    serve "$dir" --webhook-allow-private true
    began=$(date +%s)
    while [ "$(counter sidetone_deliveries_waiting)" != 0 ]; do
      [ $(($(date +%s) - began)) -lt 120 ] || die "deliveries do not come to an end"
      sleep 0.5
    done
    quit server
    told "$DELIVERIES"
    ours+=("$RATE")
    taskset -c "$SERVER_CORE" "$DELIVER" floor "http://$ADDR_receiver/hook" "$DELIVERIES"
    told "$DELIVERIES"
    floor+=("$RATE")
  done
  quit receiver
  rm -rf "$dir"
  local measured bare
  measured=$(printf '%s\n' "${ours[@]}" | middle 1) bare=$(printf '%s\n' "${floor[@]}" | middle 1)
  row "webhooks out, signed and settled durably, deliveries/s" "$measured" "$bare same client alone" "$(ratio "$measured" "$bare")" 0.60
}
