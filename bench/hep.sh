# HEP: what a core can receive, put to its calls and keep; what the server takes end to end, for
# long, and when it is too much.

HEP_AT=127.0.0.1:19060 HEP_SEED=0

# hep
hep() {
  local dir=$OUT/hep
  rm -rf "$dir"
  # For its account.
  "$BENCH" load "$dir" --calls 1000 --seed "$SEED"
  hep_floors "$dir"
  rm -rf "$dir"
  hep_server "$dir"
  hep_highest
  hep_overload
  hep_open "$dir"
  hep_server "$dir"
  hep_long
  quit server
  rm -rf "$dir"
}

# hep_server DIR: a server that knows nothing yet.
hep_server() {
  quit server
  rm -rf "$1"
  listen server "$PROGRAM" serve --listen 127.0.0.1:0 --hep-udp "$HEP_AT" --hep-tcp off --log error --data "$1"
}

# hep_floors DIR: decoding and keeping, each against what it cannot do without.
hep_floors() {
  local result discarded kept bare
  result=$(taskset -c "$SERVER_CORE" "$BENCH" hep drain)
  discarded=$(field 1 "$result")
  row "HEP received, decoded and put to its call, datagrams/s of a core" "$(field 2 "$result")" \
    "$discarded received and discarded" "$(ratio "$(field 2 "$result")" "$discarded")" 0.50
  row "the same, and made the event that is kept" "$(field 3 "$result")" \
    "$discarded received and discarded" "$(ratio "$(field 3 "$result")" "$discarded")" –
  kept=$(taskset -c "$SERVER_CORE" "$BENCH" hep stored "$1" --events "$HEP_EVENTS")
  bare=$(taskset -c "$SERVER_CORE" "$BENCH" floor-events "$1")
  row "HEP events kept, 1,000 a transaction, durable, events/s" "$kept" "$bare bare inserts" "$(ratio "$kept" "$bare")" 0.50
}

# hep_highest: sets RATE to the highest rate at which less than a thousandth is lost.
hep_highest() {
  local rate=$HEP_FROM last
  RATE=0
  while hep_round "$rate" "$SHOT_S" 5000; do
    RATE=$rate last="$FATES"
    rate=$((rate * 5 / 4))
  done
  say "at $rate/s: $FATES"
  [ "$RATE" -gt 0 ] || die "even $HEP_FROM datagrams/s are too many: set HEP_FROM"
  row "HEP over UDP to durable events with folding beside, on one core: highest rate with < 0.1 % lost, datagrams/s" \
    "$RATE ($last)" – – –
  row "resident memory then" "$(memory "$PID_server" VmRSS) MB" – – "≤ 300 MB"
}

# hep_open DIR: sets OPEN_RATE to a rate that is kept up with 100,000 calls open, each with a
# datagram every few seconds.
hep_open() {
  OPEN_RATE=$RATE
  while hep_server "$1" && ! hep_round "$OPEN_RATE" "$HEP_PROBE_S" 100000; do
    OPEN_RATE=$((OPEN_RATE * 9 / 10))
    [ "$OPEN_RATE" -ge $((HEP_FROM / 4)) ] || die "with 100,000 calls open even $OPEN_RATE datagrams/s are too many"
  done
}

# hep_long: most of that rate for long.
hep_long() {
  local rate=$((OPEN_RATE * 9 / 10)) watcher begun=$SECONDS
  : >"$OUT/hep-memory.txt"
  while sleep 10; do
    echo "$((SECONDS - begun)) $(memory "$PID_server" VmRSS)" >>"$OUT/hep-memory.txt"
  done &
  watcher=$!
  hep_round "$rate" "$((HEP_MINUTES * 60))" 100000 || true
  kill "$watcher"
  wait "$watcher" 2>/dev/null || true
  say "seconds and MB: $(tr '\n' ',' <"$OUT/hep-memory.txt")"
  row "$HEP_MINUTES min at $rate/s with 100,000 calls open" "$LOSS % lost ($FATES)" – – "≤ 0.1"
  row "calls that wait to be folded then" "$(counter sidetone_dirty_calls)" – – –
  row "most resident memory of it (at $(awk '{ printf "%s%s s: %s", sep, $1, $2; sep = ", " }' <<<"$(hep_few)") MB)" \
    "$(awk '$2 > most { most = $2 } END { print most }' "$OUT/hep-memory.txt") MB" – – "≤ 300 MB"
}

# hep_few: eight of the samples of memory, evenly.
hep_few() { awk '{ line[NR] = $0 } END { for (i = 1; i <= 8; i++) { n = int(NR * i / 8); if (n > last) print line[n]; last = n } }' "$OUT/hep-memory.txt"; }

# hep_overload: twice the rate, then the rate again.
hep_overload() {
  local rate=$((RATE * 9 / 10))
  hep_round "$((RATE * 2))" "$HEP_OVERLOAD_SECONDS" 5000 || true
  row "twice that rate for $HEP_OVERLOAD_SECONDS s: accounted for of what was sent" "$SUM ($FATES)" "$SENT sent" "$(ratio "$SUM" "$SENT")" 1.00
  hep_round "$rate" "$SHOT_S" 5000 || true
  row "$rate/s again, no restart" "$LOSS % lost ($FATES)" – – "≤ 0.1"
}

# hep_round RATE SECONDS OPEN: sends, and waits until all is accounted for. Sets SENT, SUM, FATES to
# what became of it, and LOSS in percent. Fails when a thousandth was lost or the sender did not
# keep up; and when the server did not, and was only saved by its buffers, which hold seconds.
hep_round() {
  local before kept result ended lag
  before=$(hep_fates)
  result=$(taskset -c "$CLIENT_CORE" "$BENCH" hep send "$HEP_AT" --rate "$1" --seconds "$2" --open "$3" --seed "$((HEP_SEED += 1))")
  SENT=$(field 1 "$result")
  ended=$(date +%s%N)
  while hep_changes "$before" && lag=$((($(date +%s%N) - ended) / 1000000)) && [ "$SUM" -lt "$SENT" ] && [ "$lag" -lt 60000 ]; do
    sleep 0.1
  done
  kept=$(awk '{ for (i = 1; i < NF; i += 2) if ($i == "accepted" || $i == "duplicate") kept += $(i + 1) } END { print kept + 0 }' <<<"$FATES")
  LOSS=$(awk -v sent="$SENT" -v kept="$kept" 'BEGIN { printf "%.3f", 100 * (1 - kept / sent) }')
  say "$1/s for $2 s with $3 calls: sent $SENT at $(field 2 "$result")/s: $FATES, the last after $lag ms; $(memory "$PID_server" VmRSS) MB, $(counter sidetone_dirty_calls) calls to fold"
  awk -v loss="$LOSS" -v rate="$(field 2 "$result")" -v asked="$1" -v lag="$lag" \
    'BEGIN { exit !(loss < 0.1 && rate > asked * 0.97 && lag < 1000) }'
}

# hep_fates: what became of datagrams so far, as "result number …".
hep_fates() {
  curl -sS "http://$ADDR_server/metrics" |
    sed -n 's/^sidetone_hep_packets_total{.*result="\([a-z_]*\)".*} \([0-9]*\)$/\1 \2/p' |
    awk '{ n[$1] += $2 } END { for (r in n) printf "%s %d ", r, n[r] }'
}

# hep_changes BEFORE: sets FATES and SUM to what has changed since.
hep_changes() {
  FATES=$(awk 'NR == 1 { for (i = 1; i < NF; i += 2) before[$i] = $(i + 1) }
    NR == 2 { for (i = 1; i < NF; i += 2) if ($(i + 1) > before[$i]) printf "%s %d ", $i, $(i + 1) - before[$i] }' <<<"$1"$'\n'"$(hep_fates)")
  FATES=${FATES% }
  SUM=$(awk '{ for (i = 2; i <= NF; i += 2) sum += $i } END { print sum + 0 }' <<<"$FATES")
}
