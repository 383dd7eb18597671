#!/usr/bin/env bash
# Measures the server against floors of the same machine, in the same run, and prints a table
# (docs/performance.md).
#
#   CALLS=1000000 bash bench/run.sh
#
# CALLS     calls in the database                                   [1000000]
# ONLY      of: get lists pairs statistics memory interface summing post events deliver streams alerts hep attacks  [all]
# SHOT_S    seconds of one shot at the server                       [8]
# SAMPLES   lists a filter                                          [1000]
# PAIRS     pairs of filters that are drawn, five lists of each     [200]
# EVENTS    events sent in                                          [500000]
# DELIVERIES deliveries sent out                                    [100000]
# DAY_CALLS calls of the day that is held to rules of alerts          [1000000]
# STREAMS_RATE, STREAMS_S  calls a second that sinks are told of, and for how long  [500, 30]
# HEP_EVENTS  events of HEP that are kept, against bare inserts       [200000]
# HEP_FROM    lowest rate of datagrams tried                          [4000]
# HEP_PROBE_S how long a rate is tried with 100,000 calls open        [60]
# HEP_MINUTES how long the highest of these rates is kept up          [1]
# HEP_OVERLOAD_SECONDS how long twice the highest rate is sent        [20]
# SEED      of the calls                                            [7]
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
cd "$HERE/.."
CALLS=${CALLS:-1000000} ONLY=${ONLY:-get lists pairs statistics memory interface summing post events deliver streams alerts hep attacks} SEED=${SEED:-7}
SHOT_S=${SHOT_S:-8} WARM_S=${WARM_S:-4} SAMPLES=${SAMPLES:-1000} PAIRS=${PAIRS:-200} EVENTS=${EVENTS:-500000} DELIVERIES=${DELIVERIES:-100000} STREAMS_RATE=${STREAMS_RATE:-500} STREAMS_S=${STREAMS_S:-30} DAY_CALLS=${DAY_CALLS:-1000000}
HEP_EVENTS=${HEP_EVENTS:-200000} HEP_FROM=${HEP_FROM:-4000} HEP_PROBE_S=${HEP_PROBE_S:-60} HEP_MINUTES=${HEP_MINUTES:-1} HEP_OVERLOAD_SECONDS=${HEP_OVERLOAD_SECONDS:-20}
SERVER_CORE=0 CLIENT_CORE=1 SHOT=0
TARGET=${CARGO_TARGET_DIR:-target}
OUT=$TARGET/bench
for part in lib http lists interface count events deliver streams alerts hep attacks; do . "$HERE/$part.sh"; done

need wrk wrk
need taskset util-linux
need curl curl
[ "$(nproc)" -ge 2 ] || die "two cores are needed: one for the server, one for its client"
cargo build --release --quiet --package sidetone-bench --features statements
if command -v npm >/dev/null; then
  make --silent ui >&2
  cargo build --release --quiet --package sidetone --features sidetone/ui
else
  cargo build --release --quiet --package sidetone
  ONLY=${ONLY/interface/}
  say "no npm: the interface is not measured"
fi
PROGRAM=$TARGET/release/sidetone BENCH=$TARGET/release/bench DELIVER=$TARGET/release/deliveries

# Another schema, other made-up calls or another way to store them are other data.
KIND=$(cat crates/sidetone-store-sqlite/src/{migrations/*.sql,rows/codec.rs} crates/sidetone/src/api/v1/render/template.rs \
  crates/sidetone-bench/src/{calls,numbers,edges,trust,judgements,times,random,load}.rs | sha256sum | cut -c1-12)
DATA=$OUT/$CALLS-$SEED-$KIND COPY=$OUT/copy TABLE=$OUT/table-$CALLS.md
rm -rf "$COPY"
mkdir -p "$OUT"
trap 'quit server; quit floor; quit receiver; rm -rf "$COPY"' EXIT
wants() { [[ " $ONLY " == *" $1 "* ]]; }

if [ ! -e "$DATA/bench.json" ]; then
  rm -rf "$DATA"
  began=$(date +%s)
  "$BENCH" load "$DATA" --calls "$CALLS" --seed "$SEED"
  say "loaded in $(($(date +%s) - began)) s, $(du -sh "$DATA" | cut -f1)"
  # A server would write them beside what is measured.
  say "segments written in $("$BENCH" write-segments "$DATA") s, $(du -sh "$DATA" | cut -f1)"
fi
read -r ACCOUNT TOKEN SID _ <<<"$("$BENCH" facts "$DATA")"
LOGIN_PLAIN=$ACCOUNT:$TOKEN LOGIN=$(printf %s "$ACCOUNT:$TOKEN" | base64 -w0)
"$BENCH" requests "$DATA" "$OUT"
read -r DISK_P50 DISK_P99 <<<"$(taskset -c "$SERVER_CORE" "$BENCH" disk "$OUT")"

{
  echo "$CALLS calls, seed $SEED, database $(du -h --apparent-size "$DATA/sidetone.db" | cut -f1)B. $(nproc) cores," \
    "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(awk '/MemTotal/ { printf "%.0f", $2 / 1e6 }' /proc/meminfo) GB," \
    "Linux $(uname -r), fdatasync of 4 KiB: p50 $DISK_P50 ms, p99 $DISK_P99 ms." \
    "Servers on core $SERVER_CORE, clients on core $CLIENT_CORE; medians of three shots of $SHOT_S s." \
    "Load before the run: $(cut -d' ' -f1 /proc/loadavg)."
  echo
  echo "| work | measured | floor | ratio | aim | |"
  echo "|---|---|---|---|---|---|"
} | tee "$TABLE" >&2

if wants get || wants memory; then
  say "reading"
  serve "$DATA"
  sample "/v1/Voice/$SID/Annotation" "$OUT/sample.json"
  if wants get; then
    get annotation "/v1/Voice/$SID/Annotation" 0.60
    get summary "/v1/Voice/$SID/Summary" 0.40
  fi
  if wants memory; then
    row "resident memory after reading calls" "$(memory "$PID_server" VmRSS) MB (most $(memory "$PID_server" VmHWM))" – – "≤ 300 MB"
    lists_http
    row "resident memory after lists" "$(memory "$PID_server" VmRSS) MB (most $(memory "$PID_server" VmHWM))" – – "≤ 300 MB"
  fi
  quit server
fi
if wants interface; then
  say "the interface"
  serve "$DATA"
  interface
  quit server
fi
if wants lists; then
  say "lists"
  lists
fi
if wants pairs; then
  say "pairs of filters"
  pairs
fi
if wants statistics; then
  say "statistics"
  statistics
fi
if wants post || wants events || wants summing; then
  # Writing happens to a copy, so that the next run measures the same data.
  cp -r "$DATA" "$COPY"
fi
if wants summing; then
  say "summaries of feedback"
  serve "$COPY"
  summing "$COPY"
  quit server
fi
if wants post; then
  say "judging"
  serve "$COPY"
  annotate "$COPY"
fi
if wants events; then
  say "events"
  events "$COPY"
fi
if wants deliver; then
  say "deliveries"
  deliver
fi
if wants streams; then
  say "event streams"
  streams
fi
if wants alerts; then
  say "a day held to rules of alerts"
  day
fi
if wants hep; then
  say "HEP"
  hep
fi
if wants attacks; then
  say "attacks"
  attacks
fi
cat "$TABLE"
if wants lists; then
  echo
  lists_table
fi
if wants statistics; then
  echo
  statistics_table
fi
