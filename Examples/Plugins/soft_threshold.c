// A plugin in a shared library: SoftThreshold moves every element towards zero by `lambda`, and says for each row how
// many elements are left. Build: cc -shared -fPIC -I Sources/CApusPlugin/include soft_threshold.c -o libsoft_threshold.so
#include <math.h>
#include <stdio.h>

#include "apus_plugin.h"

static const float default_lambda = 0.5f;

static const apus_plugin_field fields[] = {
    {"lambda", APUS_PLUGIN_FLOAT32, 1, 1, &default_lambda, 1, "how far elements move towards zero"}};

static int32_t infer(
    const apus_plugin_values *values, const apus_plugin_dims *dims, const apus_plugin_type *inputs,
    int32_t input_count, apus_plugin_type *outputs, apus_plugin_message *message) {
  (void)values, (void)dims, (void)input_count;
  if (inputs[0].dtype != APUS_PLUGIN_F32 || inputs[0].rank != 2) {
    snprintf(message->text, message->size, "the input must be FP32 [rows, columns]");
    return 1;
  }
  outputs[0] = inputs[0];
  outputs[1] = (apus_plugin_type){.dtype = APUS_PLUGIN_I32, .rank = 1, .shape = {inputs[0].shape[0]}};
  return 0;
}

static int32_t enqueue(
    const apus_plugin_values *values, const apus_plugin_tensor *inputs, int32_t input_count,
    const apus_plugin_tensor *outputs, void *workspace, void *stream, apus_plugin_message *message) {
  (void)input_count, (void)workspace, (void)stream, (void)message;
  const float lambda = ((const float *)values->values[0].elements)[0];
  const float *x = inputs[0].data;
  float *y = outputs[0].data;
  int32_t *left = outputs[1].data;
  for (int64_t row = 0; row < inputs[0].shape[0]; row++) {
    int32_t count = 0;
    for (int64_t column = 0; column < inputs[0].shape[1]; column++) {
      const int64_t at = row * inputs[0].shape[1] + column;
      const float moved = fmaxf(fabsf(x[at]) - lambda, 0);
      count += moved > 0;
      if (y) y[at] = copysignf(moved, x[at]);
    }
    if (left) left[row] = count;
  }
  return 0;
}

static const apus_plugin plugins[] = {
    {.size = sizeof(apus_plugin),
     .name = "SoftThreshold",
     .version = "1",
     .name_space = "example",
     .summary = "Moves elements towards zero and counts what is left of each row",
     .fields = fields,
     .field_count = 1,
     .minimum_inputs = 1,
     .maximum_inputs = 1,
     .output_count = 2,
     .infer = infer,
     .enqueue = enqueue}};

static const apus_plugin_library library = {.abi = APUS_PLUGIN_ABI, .count = 1, .plugins = plugins};

const apus_plugin_library *apus_plugin_describe(uint32_t abi) {
  (void)abi;
  return &library;
}
