#!/usr/bin/env bash
# The main job on real pictures: optimize a trained EfficientNet-B0, classify, measure, report.
set -euo pipefail
cd "$(dirname "$0")/.."

apus=.build/release/apus
example=Examples/EfficientNet
out=.build/demo
mkdir -p "$out"

echo "== optimizing $example/efficientnet_b0_shapes.onnx for this machine"
"$apus" optimize "$example/efficientnet_b0_shapes.onnx" -o "$out/efficientnet_b0_shapes.engine" \
  --test-data "$example/pictures" --preprocess imagenet --report "$out/report.json"

echo
echo "== classifying the pictures in $example/pictures"
"$apus" run "$out/efficientnet_b0_shapes.engine" --input "images=$example/pictures" --preprocess imagenet \
  --labels "$example/classes.txt" --top 2

echo
echo "== latency of one picture"
"$apus" bench "$out/efficientnet_b0_shapes.engine" --duration 2s

echo
echo "the report lies in $out/report.json, the engine in $out/efficientnet_b0_shapes.engine"
