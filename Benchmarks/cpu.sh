#!/usr/bin/env bash
# Times Apus beside onnxruntime and OpenVINO on the example and on any models given.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
"$python" -c 'import openvino, onnxruntime' 2>/dev/null || { Scripts/setup-tests.sh; .venv/bin/pip install --quiet openvino; }
"$python" Benchmarks/cpu.py Examples/EfficientNet/efficientnet_b0_shapes.onnx:batch=1 "$@"
