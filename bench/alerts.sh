# A day of calls held to rules, through the whole server, by a clock that is moved.

# day: the test of the day with so many calls; it fails where anything fires late, falsely, twice or not at all.
day() {
  local told
  told=$(SIDETONE_DAY_CALLS=$DAY_CALLS cargo test --release --quiet --package sidetone --test it -- \
    --exact alerts::day::a_day_of_calls_fires_what_was_bad --nocapture | grep '^day ') || die "rules did not find what was bad"
  said() { grep -o "$1=[0-9]*" <<<"$told" | cut -d= -f2; }
  row "rules over a day of $(said calls) calls, from events in to alerts, $(said evaluations) evaluations" "$(said took_s) s" – – –
  row "the same: from the summary that decides to the alert that fires, longest" "$(said worst_delay_s) s" – – "≤ 5 s"
}
