#!/usr/bin/env bash
# Installs what building and testing need, and says what it does. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "setup: $*"; }

packages=()
for name in libjpeg-dev libpng-dev zlib1g-dev libxxhash-dev; do
  dpkg -s "$name" >/dev/null 2>&1 || packages+=("$name")
done
if [ ${#packages[@]} -gt 0 ]; then
  say "installing ${packages[*]}"
  sudo=""
  [ "$(id -u)" -eq 0 ] || sudo="sudo"
  $sudo apt-get update -qq >/dev/null
  $sudo apt-get install -y -qq "${packages[@]}" >/dev/null
fi

command -v swift >/dev/null || { echo "setup: Swift 6.3 is needed: https://www.swift.org/install/linux" >&2; exit 1; }

# oneDNN is used where it is found and measured faster; nothing depends on it.
if [ "${1:-}" != "--no-onednn" ] && [ ! -e .build/onednn/lib/libdnnl.so.3 ]; then
  say "fetching oneDNN"
  Scripts/fetch-onednn.sh >/dev/null || say "oneDNN could not be fetched; the portable kernels serve alone"
fi
