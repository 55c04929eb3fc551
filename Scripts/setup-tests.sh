#!/usr/bin/env bash
# Installs what the tests compare with (onnx's cases, onnxruntime) into .venv. Safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3}
if [ ! -x .venv/bin/python ]; then
  echo "setup: making .venv"
  "$python" -m venv .venv || { echo "setup: python3 with venv is needed for the conformance tests" >&2; exit 1; }
fi
if ! .venv/bin/python -c 'import onnx, onnxruntime, numpy; assert onnx.__version__ == "1.22.0"' 2>/dev/null; then
  echo "setup: installing onnx 1.22.0, onnxruntime and numpy into .venv"
  .venv/bin/pip install --quiet --disable-pip-version-check onnx==1.22.0 onnxruntime numpy
fi
