#!/usr/bin/env bash
# The main job: installs what is missing, builds, and runs a network of 3 validators and 2
# executors under load. Arguments go to `assay run`:
#   scripts/demo.sh --set run.duration=2m
set -eu
cd "$(dirname "$0")/.."
scripts/setup
cmake --preset dev >/dev/null
echo "building (the first time takes a minute or two)" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
cmake --build --preset dev --target assay_programs >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
build/dev/bin/assay run assets/manifests/demo.ini "$@"
