#!/bin/sh
# Builds the benchmark programs; they need a C compiler here and a CUDA driver with NVRTC where they run.
set -e
cd "$(dirname "$0")"
out=${1:-.}
for program in conv_bench nn_bench; do
  ${CC:-cc} -std=gnu2x -O1 -Wall -Wno-misleading-indentation -Wno-nullability-completeness -I../../Sources/CApusDrivers/include -o "$out/$program" $program.c gpu.c \
    ../../Sources/CApusDrivers/CUDA/*.c -ldl -lpthread -lm
done
