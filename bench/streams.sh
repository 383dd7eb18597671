# What event streams and rules of alerts take beside calls at an even rate, against the same HTTP client that sends as many bodies alone.

# post PATH FORM…: as the first account.
post() {
  local path=$1 fields=()
  shift
  for field in "$@"; do fields+=(--data-urlencode "$field"); done
  curl -fsS -u "$LOGIN_PLAIN" "http://$ADDR_server$path" "${fields[@]}"
}

# delivered: events that have arrived.
delivered() { counter 'sidetone_deliveries_total{result="delivered"}'; }

# steady DIR SINKS [RULES]: calls at the rate, with so many sinks that are told of each that is complete, and so many
# rules, of which each call is held to all and counts for a tenth. Sets CORES, and of
# the time in which it was measured REQUESTS, BYTES and EVENTS_TOLD.
steady() {
  local dir=$1 sink began LOGIN_PLAIN
  rm -rf "$dir"
  serve "$dir" --webhook-allow-private true --settle 2s
  LOGIN_PLAIN=$(sed -n 's/.*"account_sid": *"\([^"]*\)".*/\1/p' "$dir/credentials.json"):$(sed -n 's/.*"auth_token": *"\([^"]*\)".*/\1/p' "$dir/credentials.json")
  for _ in $(seq "$2"); do
    sink=$(post /v1/Sinks Description=bench SinkType=webhook \
      "SinkConfiguration={\"destination\": \"http://$ADDR_receiver/hook\", \"batch_events\": true}" | grep -o 'DG[0-9a-f]*' | head -1)
    post /v1/Subscriptions Description=bench "SinkSid=$sink" 'Types={"type": "com.twilio.voice.insights.call-summary.complete"}' >/dev/null
  done
  for rule in $(seq "${3:-0}"); do
    case $((rule % 10)) in
      0) of='Filters=CallState=completed' ;;
      *) of="Filters=To=%2B1202555$((1000 + rule % 9000))" ;;
    esac
    post /v1/Voice/Alerts/Rules "Name=Rule $rule" Measure=answer_seizure_ratio "$of" GroupBy=To Window=15m Below=10 >/dev/null
  done
  taskset -c "$CLIENT_CORE" "$DELIVER" calls "$ADDR_server" "$LOGIN_PLAIN" --rate "$STREAMS_RATE" --seconds "$((STREAMS_S + 15))" >"$OUT/streams.log" &
  local calls=$! from bytes told
  sleep 10
  from=$(cpu "$PID_server") bytes=$(curl -fsS "http://$ADDR_receiver/bytes") told=$(delivered) began=$(date +%s.%N)
  curl -fsS "http://$ADDR_receiver/" >/dev/null
  sleep "$STREAMS_S"
  CORES=$(awk -v a="$from" -v b="$(cpu "$PID_server")" -v t="$began" -v u="$(date +%s.%N)" 'BEGIN { printf "%.3f", (b - a) / 100 / (u - t) }')
  BYTES=$(($(curl -fsS "http://$ADDR_receiver/bytes") - bytes)) EVENTS_TOLD=$((${told:+$(delivered)} - ${told:-0}))
  REQUESTS=$(curl -fsS "http://$ADDR_receiver/") REQUESTS=${REQUESTS#* }
  wait "$calls" || die "calls could not be brought: $(cat "$OUT/streams.log")"
  quit server
  rm -rf "$dir"
}

streams() {
  local none floor
  : >"$OUT/receiver.log"
  taskset -c "$CLIENT_CORE" "$DELIVER" receive 127.0.0.1:0 >"$OUT/receiver.log" 2>&1 &
  PID_receiver=$!
  for _ in $(seq 100); do grep -q '^listening' "$OUT/receiver.log" && break; sleep 0.1; done
  ADDR_receiver=$(sed -n 's/^listening on http:\/\///p' "$OUT/receiver.log")
  steady "$OUT/streams" 0
  none=$CORES
  steady "$OUT/streams" 10
  [ "$REQUESTS" -gt 0 ] || die "nothing was told"
  # The same bodies, as many, by the client alone.
  local TIMEFORMAT='%U %S'
  floor=$({ time taskset -c "$SERVER_CORE" "$DELIVER" floor "http://$ADDR_receiver/hook" "$REQUESTS" --bytes "$((BYTES / REQUESTS))"; } 2>&1)
  floor=$(awk -v s="$STREAMS_S" '{ printf "%.3f", ($1 + $2) / s }' <<<"$floor")
  local with_sinks=$CORES events=$EVENTS_TOLD requests=$REQUESTS
  steady "$OUT/streams" 10 1000
  quit receiver
  row "10 sinks told of $STREAMS_RATE calls/s, cores beyond none ($none)" \
    "$(awk -v a="$with_sinks" -v b="$none" 'BEGIN { printf "%.2f", a - b }') ($((events / STREAMS_S)) events/s in $((requests / STREAMS_S)) requests)" \
    "$floor same client alone" – "≤ 0.3"
  row "the same, and 1,000 rules, cores beyond none" "$(awk -v a="$CORES" -v b="$none" 'BEGIN { printf "%.2f", a - b }')" – – "≤ 0.3"
}
