# Sourced by run.sh: runs one suite, shows its failures, says "N passed, N failed". A skipped test
# is a failure.

failed=0

# say TITLE PASSED FAILED STATUS
say() {
  echo "$1: $2 passed, $3 failed"
  if [ "$3" -ne 0 ] || [ "$4" -ne 0 ] || [ "$2" -eq 0 ]; then failed=1; fi
}

# verdict_of_pytest TITLE PYTHON DIRECTORY
verdict_of_pytest() {
  local log=$work/suite.log report=$work/suite.xml status=0
  rm -f "$report"
  PYTHONDONTWRITEBYTECODE=1 "$2" -W ignore::DeprecationWarning -m pytest -q --tb=short --no-header -p no:cacheprovider \
    --rootdir "$3" --junitxml "$report" "$3" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || cat "$log"
  read -r passed broken < <(python3 - "$report" <<'PY'
import sys, xml.etree.ElementTree as tree
try:
    suite = tree.parse(sys.argv[1]).getroot().find("testsuite")
    broken = sum(int(suite.get(kind)) for kind in ("failures", "errors", "skipped"))
    print(int(suite.get("tests")) - broken, broken)
except OSError:
    print(0, 1)
PY
  )
  say "$1" "$passed" "$broken" "$status"
}

# verdict_of_node TITLE PACKAGE FILE...
verdict_of_node() {
  local title=$1 package=$2 log=$work/suite.log status=0 count
  shift 2
  # One file at a time: the files share the calls that they annotate.
  SIDETONE_CLIENT=$package NODE_PATH=$cache/node/node_modules \
    node --no-deprecation --test --test-concurrency=1 --test-reporter=tap "$@" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || grep -vE '^ *(# Subtest|ok |duration_ms|type:)' "$log" || true
  count() { sed -n "s/^# $1 \([0-9]*\)$/\1/p" "$log" | tail -1; }
  say "$title" "$(count pass)" "$(($(count fail) + $(count cancelled) + $(count skipped) + $(count todo)))" "$status"
}

# verdict_of_go TITLE
verdict_of_go() {
  local log=$work/suite.log status=0
  (cd "$cache/go" && ./suite -test.v) >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || grep -vE '^ *(=== RUN|--- PASS)' "$log" || true
  # A test with subtests is counted with them: it can fail by itself.
  say "$1" "$(grep -c -- '--- PASS' "$log")" "$(grep -cE -- '--- (FAIL|SKIP)' "$log")" "$status"
}

# verdict_of_java TITLE VERSION
verdict_of_java() {
  local log=$work/suite.log status=0 place=$cache/java$2
  SIDETONE_CLIENT=java${2%%.*} java -cp "$place/classes:$place/lib/*" org.junit.platform.console.ConsoleLauncher execute \
    --scan-classpath "$place/classes" --details=summary --disable-banner >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || cat "$log"
  count() { sed -n "s/^\[ *\([0-9]*\) tests $1 *\]$/\1/p" "$log" | grep . || echo 0; }
  say "$1" "$(count successful)" "$(($(count failed) + $(count skipped) + $(count aborted)))" "$status"
}

# verdict_of_schemathesis SCRIPT BIN URL
verdict_of_schemathesis() {
  local log=$work/suite.log status=0
  "$1" "$2" "$3" "$work" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] && grep -E 'seed' "$log" || cat "$log"
  read -r passed broken < <(tail -1 "$log" | sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' | grep . || echo 0 1)
  say "schemathesis" "$passed" "$broken" "$status"
}
