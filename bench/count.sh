# Pairs of filters, and statistics, over the store.

pairs() {
  local p50 p99 longest refused of refusal pair
  IFS=$'\t' read -r p50 p99 longest refused of refusal pair < <(taskset -c "$SERVER_CORE" "$BENCH" pairs "$DATA" --pairs "$PAIRS")
  row "Summaries, $PAIRS pairs of filters, p99 of those answered (p50 $p50, longest $longest ms; slowest $pair)" "$p99 ms" – – "≤ 20 ms"
  row "Summaries, pairs of filters, longest that is refused with advice ($refused of $of)" "$refusal ms" – – "≤ 300 ms"
}

# statistics: over 30 days the slowest must be quick; of all days each is told.
statistics() {
  local file=$OUT/statistics-$CALLS.tsv worst
  taskset -c "$SERVER_CORE" "$BENCH" statistics "$DATA" >"$file"
  for days in 30 400; do
    worst=$(awk -F'\t' -v days="$days" '$2 == days && $5 + 0 >= most + 0 { most = $5; name = $1; calls = $3 } END { printf "%s\t%s\t%s", most, name, calls }' "$file")
    row "Statistics of $days days ($(cut -f3 <<<"$worst") calls), p50 of the slowest (\`$(cut -f2 <<<"$worst")\`)" "$(cut -f1 <<<"$worst") ms" – – \
      "$([ "$days" = 30 ] && echo "≤ 50 ms" || echo –)"
  done
}

# Every query, as a table.
statistics_table() {
  echo "| query | days | calls | rows | p50 ms | longest ms |"
  echo "|---|---|---|---|---|---|"
  sed 's/\t/ | /g; s/^/| /; s/$/ |/' "$OUT/statistics-$CALLS.tsv"
}
