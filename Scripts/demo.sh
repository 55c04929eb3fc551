#!/usr/bin/env bash
# The main job on real pictures: optimize a trained RetinaNet and an EfficientNet-B0, detect and classify, measure, report.
set -euo pipefail
cd "$(dirname "$0")/.."

apus=${APUS:-.build/release/apus}
out=.build/demo
mkdir -p "$out"

example=Examples/RetinaNet
normal="scale=1/255,mean=0.485/0.456/0.406,std=0.229/0.224/0.225"
echo "== detection: optimizing $example/retinanet_small_shapes.onnx for this machine"
"$apus" optimize "$example/retinanet_small_shapes.onnx" -o "$out/retinanet.engine" \
  --test-data "$example/pictures" --preprocess "$normal" --report "$out/retinanet.json"

echo
echo "== detecting in the pictures in $example/pictures"
"$apus" run "$out/retinanet.engine" --input "images=$example/pictures" --batch 4 --preprocess "$normal" \
  --labels "$example/classes.txt" --min-score 0.5 --draw "$out/detected" --save-detections "$out/detections.json"

echo
echo "== latency of one picture, from tensor to boxes"
"$apus" bench "$out/retinanet.engine" --duration 2s

example=Examples/EfficientNet
echo
echo "== classification: optimizing $example/efficientnet_b0_shapes.onnx for this machine"
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
echo "pictures with boxes lie in $out/detected, detections in $out/detections.json"
echo "the reports lie in $out/retinanet.json and $out/report.json, the engines beside them"
