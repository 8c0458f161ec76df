#!/bin/sh
# Run every benchmark, then measure a core-only install. BENCH_ARGS are handed to each, as in BENCH_ARGS="--quick --json".
#
# Each benchmark runs whatever the others said; the exit status is 1 where one of them failed or missed a bar.
set -eu
cd "$(dirname "$0")/.."

status=0
for benchmark in benchmarks/*.py scripts/core_size.py; do
    [ -e "$benchmark" ] || continue
    printf '== %s\n' "$benchmark" >&2
    # shellcheck disable=SC2086  # several arguments are meant
    .venv/bin/python "$benchmark" ${BENCH_ARGS:-} || status=1
done
exit "$status"
