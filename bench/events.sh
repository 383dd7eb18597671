# Events in, durable, as NDJSON in one body.

# push FILE: sends it; sets SECONDS_TAKEN and ANSWER.
push() {
  local result
  result=$(taskset -c "$CLIENT_CORE" "$BENCH" push "$ADDR_server" "$LOGIN_PLAIN" "$1")
  SECONDS_TAKEN=${result%% *} ANSWER=${result#* }
  grep -q "\"accepted\":$EVENTS,\"duplicates\":0,\"rejected\":0" <<<"$ANSWER" || die "not all events were kept: $ANSWER"
}

# events DIR
events() {
  local ours floor begin end both
  "$BENCH" events "$DATA" "$OUT/events-a.ndjson" --first 0 --events "$EVENTS"
  "$BENCH" events "$DATA" "$OUT/events-b.ndjson" --first "$EVENTS" --events "$EVENTS"
  # Taking in alone, as a node with the roles ingest and api.
  serve "$1" --roles ingest,api
  push "$OUT/events-a.ndjson"
  ours=$(awk -v n="$EVENTS" -v s="$SECONDS_TAKEN" 'BEGIN { printf "%.0f", n / s }')
  quit server
  floor=$(taskset -c "$SERVER_CORE" "$BENCH" floor-events "$1")
  row "NDJSON events in, durable, $EVENTS events of $((EVENTS / 10)) calls, events/s" \
    "$ours ($(awk -v b="$(stat -c %s "$OUT/events-a.ndjson")" -v s="$SECONDS_TAKEN" 'BEGIN { printf "%.0f", b / s / 1e6 }') MB/s)" \
    "$floor bare inserts" "$(ratio "$ours" "$floor")" 0.50
  # One node that folds beside, until every summary is written. What came before is folded first.
  serve "$1"
  settle
  begin=$(date +%s.%N)
  push "$OUT/events-b.ndjson"
  settle
  end=$(date +%s.%N)
  both=$(awk -v n="$EVENTS" -v a="$begin" -v b="$end" 'BEGIN { printf "%.0f", n / (b - a) }')
  row "the same until every summary is written (folding beside, same core), events/s" \
    "$both (taken in at $(awk -v n="$EVENTS" -v s="$SECONDS_TAKEN" 'BEGIN { printf "%.0f", n / s }'))" – – –
  quit server
  rm -f "$OUT"/events-?.ndjson
}

# settle: waits until no call has events its summary does not know.
settle() {
  while [ "$(counter sidetone_dirty_calls)" != 0 ]; do sleep 0.2; done
}
