#!/bin/bash
# Builds engines of the benchmark's networks with a carried binary, times one replay of each on the device's clock, and
# PyTorch beside it in the same run: gpu.sh APUS [FOLDER]. Needs an NVIDIA GPU, NVRTC, and PyTorch with torchvision,
# timm and transformers; no Swift.
set -u
apus=$1
folder=${2:-/tmp/apus-gpu-bench}
networks="$(cd "$(dirname "$0")" && pwd)/GPU/networks.py"
mkdir -p "$folder"
names="resnet50 efficientnet_b0 vit_b16 bert_base retinanet"
python3 "$networks" export "$folder" $names > "$folder/export.log" 2>&1 || { tail -3 "$folder/export.log"; exit 1; }
passed=0
failed=0
row() { # NAME BATCH PRECISION SHAPES
  local engine="$folder/$1-$2-$3.engine"
  local start=$SECONDS
  if ! "$apus" optimize "$folder/$1.onnx" -o "$engine" --device cuda --precision "$3" --shapes "$4" \
      --report "$folder/$1-$2-$3.json" > "$folder/$1-$2-$3.log" 2>&1; then
    echo "$1 batch $2 $3: failed: $(tail -1 "$folder/$1-$2-$3.log" | cut -c1-200)"
    failed=$((failed + 1))
    return
  fi
  local built=$((SECONDS - start))
  local device=$("$apus" bench "$engine" --shapes "$4" --no-transfers --warmup 30 --iterations 200 2>&1 | grep -oE "median [0-9.]+|error.*" | head -1)
  local host=$("$apus" bench "$engine" --shapes "$4" --warmup 30 --iterations 200 2>&1 | grep -oE "median [0-9.]+|error.*" | head -1)
  local worst=$(grep accuracy "$folder/$1-$2-$3.log" | grep -oE "cosine [0-9.]+" | sort | head -1)
  echo "$1 batch $2 $3: replay $device ms, with transfers $host ms, $worst, built in $built s"
  passed=$((passed + 1))
}
for precision in fp16 fp32; do
  row resnet50 1 $precision input=1x3x224x224
  row resnet50 32 $precision input=32x3x224x224
  row efficientnet_b0 1 $precision input=1x3x224x224
  row vit_b16 1 $precision input=1x3x224x224
  row bert_base 1 $precision ids=1x128,mask=1x128
  row retinanet 1 $precision input=1x3x480x640
done
python3 "$networks" time resnet50:1 resnet50:32 efficientnet_b0:1 vit_b16:1 bert_base:1 retinanet:1
nvidia-smi --query-gpu=name,clocks.sm,clocks.mem --format=csv,noheader
echo "$passed passed, $failed failed"
