// A plugin in a shared library that computes on a CUDA device: RowMaximum gives the largest element of each row. Build:
// nvcc -shared -Xcompiler -fPIC -I Sources/CApusPlugin/include row_maximum.cu -o librow_maximum.so
#include <cuda_runtime.h>

#include <cstdio>

#include "apus_plugin.h"

static __global__ void row_maximum(const float *x, float *y, int columns) {
  __shared__ float partial[128];
  float largest = -INFINITY;
  for (int column = threadIdx.x; column < columns; column += 128) {
    largest = fmaxf(largest, x[(long long)blockIdx.x * columns + column]);
  }
  partial[threadIdx.x] = largest;
  for (int half = 64; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) partial[threadIdx.x] = fmaxf(partial[threadIdx.x], partial[threadIdx.x + half]);
  }
  if (threadIdx.x == 0) y[blockIdx.x] = partial[0];
}

static int32_t infer(
    const apus_plugin_values *, const apus_plugin_dims *, const apus_plugin_type *inputs, int32_t,
    apus_plugin_type *outputs, apus_plugin_message *message) {
  if (inputs[0].dtype != APUS_PLUGIN_F32 || inputs[0].rank != 2) {
    snprintf(message->text, message->size, "the input must be FP32 [rows, columns]");
    return 1;
  }
  outputs[0] = inputs[0];
  outputs[0].rank = 1;
  return 0;
}

static int32_t enqueue(
    const apus_plugin_values *, const apus_plugin_tensor *inputs, int32_t, const apus_plugin_tensor *outputs, void *,
    void *stream, apus_plugin_message *message) {
  const int rows = (int)inputs[0].shape[0], columns = (int)inputs[0].shape[1];
  if (rows == 0 || outputs[0].data == nullptr) return 0;
  row_maximum<<<rows, 128, 0, (cudaStream_t)stream>>>((const float *)inputs[0].data, (float *)outputs[0].data, columns);
  const cudaError_t status = cudaGetLastError();
  if (status == cudaSuccess) return 0;
  snprintf(message->text, message->size, "%s", cudaGetErrorString(status));
  return 1;
}

extern "C" const apus_plugin_library *apus_plugin_describe(uint32_t) {
  static apus_plugin plugin = {};
  plugin.size = sizeof plugin;
  plugin.name = "RowMaximum";
  plugin.version = "1";
  plugin.name_space = "example";
  plugin.summary = "Gives the largest element of each row";
  plugin.minimum_inputs = plugin.maximum_inputs = plugin.output_count = 1;
  plugin.devices = APUS_PLUGIN_ON_CUDA;
  plugin.infer = infer;
  plugin.enqueue = enqueue;
  static apus_plugin_library library = {APUS_PLUGIN_ABI, 1, &plugin};
  return &library;
}
