#!/usr/bin/env bash
# Passes the tests: installs what is missing, builds, runs every test, more at a time than there are processors because
# most of them wait for networks. Arguments go to ctest:
#   scripts/test.sh -R test_base
set -eu
cd "$(dirname "$0")/.."
scripts/setup
preset=${ASSAY_PRESET:-dev}
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" -- -k 0
exec ctest --test-dir "build/$preset" --output-on-failure --parallel "$((2 * $(nproc)))" "$@"
