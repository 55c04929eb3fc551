#!/bin/bash
# Builds engines of the benchmark's networks with a carried binary, from nothing and again with the timing cache and
# compiled kernels of the first time, times one replay of each on the device's clock, and PyTorch beside it in the same
# run: gpu.sh APUS [FOLDER]. FOLDER/NAME-BATCH-PRECISION.profile.json is for gpu_kernels.py. Needs an NVIDIA GPU, NVRTC,
# and PyTorch with torchvision, timm and transformers; no Swift.
set -u
apus=$1
folder=${2:-/tmp/apus-gpu-bench}
networks="$(cd "$(dirname "$0")" && pwd)/GPU/networks.py"
mkdir -p "$folder"
names="resnet50 efficientnet_b0 vit_b16 bert_base retinanet"
python3 "$networks" export "$folder" $names > "$folder/export.log" 2>&1 || { tail -3 "$folder/export.log"; exit 1; }
passed=0
failed=0
build() { # ENGINE MODEL PRECISION SHAPES LOG
  local start=$EPOCHREALTIME
  APUS_CACHE="$1.cache" "$apus" optimize "$2" -o "$1" --device cuda --precision "$3" --shapes "$4" \
    --timing-cache "$1.times" --report "${1%.engine}.json" > "$5" 2>&1 || return 1
  awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "whole command %.1f s\n", b - a }' >> "$5"
}
built() { # LOG
  echo "$(grep '^whole command' "$1"), $(grep '^built in' "$1")"
}
row() { # NAME BATCH PRECISION SHAPES
  local name="$folder/$1-$2-$3"
  local engine="$name.engine"
  rm -rf "$engine.cache" "$engine.times"
  if ! build "$engine" "$folder/$1.onnx" "$3" "$4" "$name.cold.log" \
      || ! build "$engine" "$folder/$1.onnx" "$3" "$4" "$name.log"; then
    echo "$1 batch $2 $3: failed: $(tail -1 "$name.cold.log" "$name.log" | cut -c1-200)"
    failed=$((failed + 1))
    return
  fi
  local device=$("$apus" bench "$engine" --shapes "$4" --no-transfers --warmup 30 --iterations 200 2>&1 | grep -oE "median [0-9.]+|error.*" | head -1)
  local host=$("$apus" bench "$engine" --shapes "$4" --warmup 30 --iterations 200 2>&1 | grep -oE "median [0-9.]+|error.*" | head -1)
  local worst=$(grep accuracy "$name.log" | grep -oE "cosine [0-9.]+" | sort | head -1)
  "$apus" bench "$engine" --shapes "$4" --no-transfers --iterations 50 --profile --json > "$name.profile.json"
  echo "$1 batch $2 $3: replay $device ms, with transfers $host ms, $worst"
  echo "  from nothing: $(built "$name.cold.log")"
  echo "  with caches:  $(built "$name.log")"
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
