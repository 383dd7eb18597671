# Functions of bench/run.sh: servers on one core, clients on the other, medians, the table.

die() { echo "bench: $*" >&2; exit 1; }
say() { echo "== $*" >&2; }

# need PROGRAM PACKAGE: installs it on Debian when run as root.
need() {
  command -v "$1" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get install -y -qq "$2" >/dev/null 2>&1 || { apt-get update -qq && apt-get install -y -qq "$2" >/dev/null; }
  fi
  command -v "$1" >/dev/null || die "$1 is missing: install it, e.g. with apt-get install $2"
}

# listen NAME COMMAND…: starts it on the servers' core and waits until it listens. Sets PID_NAME and
# ADDR_NAME.
listen() {
  local name=$1 line="" log=$OUT/$1.log
  shift
  : >"$log" # Not to find the last one's address there.
  taskset -c "$SERVER_CORE" "$@" >"$log" 2>>"$OUT/$name.err" &
  declare -g "PID_$name=$!"
  for _ in $(seq 600); do
    line=$(grep -m1 '^listening on ' "$log" || true)
    [ -n "$line" ] && break
    kill -0 "$!" 2>/dev/null || die "$name did not start: $(tail -n 3 "$OUT/$name.err")"
    sleep 0.1
  done
  [ -n "$line" ] || die "$name does not listen"
  declare -g "ADDR_$name=${line#listening on http://}"
}

# quit NAME: ends what listen started.
quit() {
  local pid=PID_$1
  [ -n "${!pid:-}" ] || return 0
  kill "${!pid}" 2>/dev/null || true
  wait "${!pid}" 2>/dev/null || true
  declare -g "PID_$1="
}

serve() { # serve DIR ARGUMENTS…: the program as it is shipped.
  local dir=$1
  shift
  listen server "$PROGRAM" serve --listen 127.0.0.1:0 --hep-udp off --hep-tcp off --log warn \
    --retention-events 4000d --retention-summaries 4000d --data "$dir" "$@"
}

# cpu PID: hundredths of seconds it has computed.
cpu() { sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'; }

# memory PID FIELD: MB.
memory() { awk -v field="$2:" '$1 == field { printf "%.0f", $2 / 1000 }' "/proc/$1/status"; }

# shoot ADDRESS WHAT FILE SECONDS: requests/s, p50, p99, longest (ms), failed.
shoot() {
  local result
  result=$(WHAT=$2 CALLS_FILE=$3 FORMS_FILE=$OUT/forms.txt LOGIN=$LOGIN SEED=$((SHOT += 1)) \
    taskset -c "$CLIENT_CORE" wrk -t1 -c64 -d"${4}s" -s "$HERE/requests.lua" "http://$1/" | sed -n 's/^RESULT //p')
  [ -n "$result" ] || die "wrk gave no result"
  echo "$result"
}

# middle COLUMN: of lines on standard input, the one in the middle by that column.
middle() { sort -g -k "$1,$1" | sed -n 2p; }

# row WORK MEASURED FLOOR RATIO AIM: a line of the table. The aim is a number the ratio must reach,
# or begins with ≤ and limits MEASURED's first number, or is – for none.
row() {
  local mark=""
  case $5 in
    –) ;;
    ≤*) awk -v a="$2" -v b="${5#≤ }" 'BEGIN { exit !(a + 0 <= b + 0) }' && mark=met || mark=**missed** ;;
    *) awk -v a="$4" -v b="$5" 'BEGIN { exit !(a + 0 >= b + 0) }' && mark=met || mark=**missed** ;;
  esac
  local aim=$5
  case $5 in –|≤*) ;; *) aim="≥ $5" ;; esac
  echo "| $1 | $2 | $3 | $4 | $aim | ${mark:-–} |" | tee -a "$TABLE" >&2
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", (b + 0 == 0) ? 0 : a / b }'; }

field() { cut -d' ' -f"$1" <<<"$2"; }
