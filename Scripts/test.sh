#!/usr/bin/env bash
# Runs every test and closes with one line of counts.
set -uo pipefail
cd "$(dirname "$0")/.."
Scripts/setup-tests.sh || exit 1

log=$(mktemp)
trap 'rm -f "$log"' EXIT
swift test --disable-xctest 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

count=$(sed -n 's/.*Test run with \([0-9]*\) tests\{0,1\} .*/\1/p' "$log" | tail -n 1)
failed=$(grep '^✘ Test .* failed after' "$log" | grep -cv '^✘ Test run ')
if [ -z "$count" ] || [ "$count" -eq 0 ]; then
  echo "no test ran"
  exit 1
fi
[ "$status" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
echo "$((count - failed)) passed, $failed failed"
exit "$status"
