# Lists over the store, filter by filter.

lists() {
  local file=$OUT/lists-$CALLS.tsv small=$OUT/lists-1000000.tsv worst
  taskset -c "$SERVER_CORE" "$BENCH" lists "$DATA" "$file" --samples "$SAMPLES"
  for form in "all" "completed" "all by start"; do
    worst=$(awk -F'\t' -v form="$form" '$2 == form && $5 + 0 >= most + 0 { most = $5; name = $1 } END { print most, name }' "$file")
    row "Summaries, each filter, $form: worst p99 ($(field 2 "$worst"))" "$(field 1 "$worst") ms" – – "≤ 20 ms"
    worst=$(awk -F'\t' -v form="$form" '$2 == form && $7 + 0 >= most + 0 { most = $7; name = $1 } END { print most, name }' "$file")
    row "Summaries, a value that finds nothing, $form: worst ($(field 2 "$worst"))" "$(field 1 "$worst") ms" – – "≤ 20 ms"
  done
  if [ "$CALLS" -gt 1000000 ] && [ -s "$small" ]; then
    steps "mean steps a page" 8 "$small" "$file"
    steps "steps where nothing is found" 10 "$small" "$file"
  fi
}

# steps WHAT COLUMN SMALL LARGE: the filter whose steps grew most.
steps() {
  local worst
  worst=$(join -t $'\t' <(awk -F'\t' -v c="$2" '{ print $1 " (" $2 ")\t" $c }' "$3" | LC_ALL=C sort) \
    <(awk -F'\t' -v c="$2" '{ print $1 " (" $2 ")\t" $c }' "$4" | LC_ALL=C sort) |
    awk -F'\t' '$2 + 0 > 0 && $3 / $2 >= most { most = $3 / $2; text = sprintf("%.2f\t%s\t%s\t%s", most, $3, $2, $1) } END { print text }')
  row "Summaries, $1: most growth ($(cut -f4 <<<"$worst"))" "$(cut -f1 <<<"$worst") × ($(cut -f2 <<<"$worst"))" \
    "$(cut -f3 <<<"$worst") at 1 M" – "≤ 1.5 ×"
}

# Every filter, as a table.
lists_table() {
  echo "| filter | form | fewest rows | p50 ms | p99 ms | longest ms | nothing ms | mean steps | most steps | steps, nothing |"
  echo "|---|---|---|---|---|---|---|---|---|---|"
  sed 's/\t/ | /g; s/^/| /; s/$/ |/' "$OUT/lists-$CALLS.tsv"
}
