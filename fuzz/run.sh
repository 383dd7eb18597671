#!/usr/bin/env bash
# Fuzzes each decoder for so many seconds (default 60). What is found lands in fuzz/artifacts and
# fails the run.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}

# libFuzzer's instrumentation is not stable in the compiler; this lets a stable one have it. There
# is no unsafe code of ours for a sanitizer to find.
export RUSTC_BOOTSTRAP=1
for target in fuzz_targets/*.rs; do
  name=$(basename "$target" .rs)
  echo "fuzz: $name for ${seconds} s"
  # New finds go beside the committed corpus, not into it.
  mkdir -p "target/corpus/$name"
  cargo fuzz run --sanitizer none "$name" "target/corpus/$name" "corpus/$name" -- \
    -max_total_time="$seconds" -max_len=8192 -print_final_stats=1 2>&1 | tail -12
done
