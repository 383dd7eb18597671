# Requests over HTTP against a bare route that answers as many bytes.

# sample PATH FILE: an answer of the server, to know its size.
sample() { curl -sS -f -u "$LOGIN_PLAIN" "http://$ADDR_server$1" -o "$2" || die "GET $1 failed"; }

# race WHAT PATH_OF_SAMPLE FILE: sets OURS and FLOOR to the median of three shots each, taken in
# turns, and BUSY to the share of its core that the server computed.
race() {
  sample "$2" "$OUT/sample.json"
  listen floor "$BENCH" floor-http 127.0.0.1:0 "$OUT/sample.json"
  shoot "$ADDR_server" "$1" "$3" "$WARM_S" >/dev/null
  shoot "$ADDR_floor" "$1" "$3" 1 >/dev/null
  local ours=() floor=() before used=0
  for _ in 1 2 3; do
    before=$(cpu "$PID_server")
    ours+=("$(shoot "$ADDR_server" "$1" "$3" "$SHOT_S")")
    used=$((used + $(cpu "$PID_server") - before))
    floor+=("$(shoot "$ADDR_floor" "$1" "$3" "$SHOT_S")")
  done
  quit floor
  OURS=$(printf '%s\n' "${ours[@]}" | middle 1)
  FLOOR=$(printf '%s\n' "${floor[@]}" | middle 1)
  BUSY=$((used / (SHOT_S * 3)))
  [ "$(field 5 "$OURS")" = 0 ] || die "$(field 5 "$OURS") requests failed: $1"
}

# get WHAT PATH AIM
get() {
  race "$1" "$2" "$OUT/calls.txt"
  local ours floor
  ours=$(field 1 "$OURS") floor=$(field 1 "$FLOOR")
  row "GET $1 ($(stat -c %s "$OUT/sample.json") bytes), requests/s" "$ours (p99 $(field 3 "$OURS") ms, $BUSY % of its core)" \
    "$floor bare route (p99 $(field 3 "$FLOOR") ms)" "$(ratio "$ours" "$floor")" "$3"
}

# counter NAME: of the server's metrics.
counter() { curl -sS "http://$ADDR_server/metrics" | awk -v name="$1" '$1 == name { print $2 }'; }

# annotate DIR: writes, against the bare route and against the same SQL alone.
annotate() {
  local commits writes group ours sql limit
  commits=$(counter sidetone_store_commits_total) writes=$(counter sidetone_store_writes_total)
  race annotate "/v1/Voice/$SID/Annotation" "$OUT/calls.txt"
  commits=$(($(counter sidetone_store_commits_total) - commits)) writes=$(($(counter sidetone_store_writes_total) - writes))
  group=$(((writes + commits / 2) / commits))
  ours=$(field 1 "$OURS")
  # Two processes do not write one database at full speed: the floor has it alone.
  quit server
  sql=$(for _ in 1 2 3; do taskset -c "$SERVER_CORE" "$BENCH" floor-annotate "$1" --group "$group"; done | middle 1)
  limit=$(awk -v p99="$DISK_P99" 'BEGIN { printf "%.2f", (10 * p99 > 5) ? 10 * p99 : 5 }')
  row "POST annotation, durable, requests/s" "$ours ($group a commit, $BUSY % of its core)" \
    "$sql same SQL, one thread" "$(ratio "$ours" "$sql")" 0.50
  row "POST annotation, durable, requests/s" "$ours" \
    "$(field 1 "$FLOOR") bare route" "$(ratio "$ours" "$(field 1 "$FLOOR")")" 0.30
  row "POST annotation, p99 (p50 $(field 2 "$OURS") ms, longest $(field 4 "$OURS") ms)" "$(field 3 "$OURS") ms" – – "≤ $limit ms"
}

# lists_http: what lists cost a running server.
lists_http() {
  local shot
  shoot "$ADDR_server" list "$OUT/lists.txt" "$WARM_S" >/dev/null
  shot=$(shoot "$ADDR_server" list "$OUT/lists.txt" "$SHOT_S")
  row "GET Summaries, any one filter, page 50, completed, 64 connections" \
    "$(field 1 "$shot") pages/s (p99 $(field 3 "$shot") ms, $(field 5 "$shot") failed)" – – –
}

# summing DIR: summaries of feedback over all days, one after the other.
summing() {
  local result
  result=$(taskset -c "$CLIENT_CORE" "$BENCH" summing "$ADDR_server" "$LOGIN_PLAIN" "$1")
  row "FeedbackSummary of all days, POST to completed, p99 of 200 (p50 $(field 1 "$result") ms, longest $(field 3 "$result") ms)" \
    "$(field 2 "$result") ms" – – "≤ 50 ms"
  row "rows read for it (hours of the range: $(field 5 "$result"), one account, one bucket)" "$(field 4 "$result")" – – "≤ $(field 5 "$result")"
}
