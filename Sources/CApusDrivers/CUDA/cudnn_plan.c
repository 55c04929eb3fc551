#include <stdlib.h>
#include "apus_cudnn.h"

// Descriptor, attribute and value types of cudnn_graph.h.
enum {
  POINTWISE = 0,
  CONVOLUTION = 1,
  ENGINE = 2,
  ENGINE_CONFIGURATION = 3,
  HEURISTIC = 4,
  EXECUTION_PLAN = 5,
  CONVOLUTION_FORWARD = 10,
  POINTWISE_OPERATION = 13,
  OPERATION_GRAPH = 15,
  VARIANT_PACK = 16,
  TENSOR = 17,
};
enum {
  POINTWISE_MODE = 0,
  POINTWISE_MATH = 1,
  POINTWISE_RELU_LOWER = 3,
  POINTWISE_RELU_UPPER = 4,
  POINTWISE_RELU_SLOPE = 5,
  POINTWISE_ELU_ALPHA = 6,
  CONVOLUTION_MATH = 100,
  CONVOLUTION_MODE = 101,
  CONVOLUTION_DILATIONS = 102,
  CONVOLUTION_STRIDES = 103,
  CONVOLUTION_PADS_AFTER = 104,
  CONVOLUTION_PADS_BEFORE = 105,
  CONVOLUTION_AXES = 106,
  HEURISTIC_MODE = 200,
  HEURISTIC_GRAPH = 201,
  HEURISTIC_RESULTS = 202,
  CONFIGURATION_ENGINE = 300,
  PLAN_HANDLE = 400,
  PLAN_CONFIGURATION = 401,
  PLAN_WORKSPACE = 402,
  PLAN_JSON = 405,
  FORWARD_ALPHA = 700,
  FORWARD_BETA = 701,
  FORWARD_CONVOLUTION = 702,
  FORWARD_WEIGHTS = 703,
  FORWARD_INPUT = 704,
  FORWARD_OUTPUT = 705,
  OPERATION_POINTWISE = 750,
  OPERATION_X = 751,
  OPERATION_B = 752,
  OPERATION_Y = 753,
  GRAPH_HANDLE = 800,
  GRAPH_OPERATIONS = 801,
  TENSOR_ALIGNMENT = 900,
  TENSOR_TYPE = 901,
  TENSOR_DIMENSIONS = 902,
  TENSOR_STRIDES = 903,
  TENSOR_NUMBER = 906,
  TENSOR_IS_VIRTUAL = 907,
  PACK_NUMBERS = 1000,
  PACK_ADDRESSES = 1001,
  PACK_WORKSPACE = 1003,
  ENGINE_NUMERICAL_NOTES = 1303,
  ENGINE_BEHAVIOUR_NOTES = 1305,
};
enum {
  OF_HANDLE = 0,
  OF_DATA_TYPE = 1,
  OF_BOOLEAN = 2,
  OF_INT64 = 3,
  OF_FLOAT = 4,
  OF_POINTER = 6,
  OF_CONVOLUTION_MODE = 7,
  OF_HEURISTIC_MODE = 8,
  OF_NUMERICAL_NOTE = 11,
  OF_POINTWISE_MODE = 14,
  OF_DESCRIPTOR = 15,
  OF_BEHAVIOUR_NOTE = 19,
  OF_CHARACTER = 24,
};
enum { CROSS_CORRELATION = 1, HEURISTIC_MODE_A = 3, ADD = 0, COMPILED_AT_RUN_TIME = 0, ALIGNMENT = 16, FIRST_VIRTUAL = 100 };
enum { MOST_DESCRIPTORS = 128, MOST_CONFIGURATIONS = 96, MOST_NOTES = 16 };

/// Descriptors under construction: after a failure nothing more happens.
typedef struct builder {
  const apus_cudnn *library;
  apus_cudnn_handle handle;
  apus_cudnn_status status;
  apus_cudnn_descriptor made[MOST_DESCRIPTORS];
  int count;
  apus_cudnn_descriptor operations[4];
  int operation_count;
  int64_t next_virtual;
} builder;

static apus_cudnn_descriptor make(builder *b, int type) {
  if (b->status != APUS_CUDNN_SUCCESS) return NULL;
  if (b->count == MOST_DESCRIPTORS) {
    b->status = APUS_CUDNN_OUT_OF_HOST_MEMORY;
    return NULL;
  }
  apus_cudnn_descriptor descriptor = NULL;
  b->status = b->library->descriptor_create(type, &descriptor);
  if (b->status == APUS_CUDNN_SUCCESS) b->made[b->count++] = descriptor;
  return descriptor;
}

static void set(builder *b, apus_cudnn_descriptor descriptor, int attribute, int type, int64_t count,
                const void *values) {
  if (b->status == APUS_CUDNN_SUCCESS)
    b->status = b->library->descriptor_set(descriptor, attribute, type, count, values);
}

static void finish(builder *b, apus_cudnn_descriptor descriptor) {
  if (b->status == APUS_CUDNN_SUCCESS) b->status = b->library->descriptor_finish(descriptor);
}

static void destroy_all(builder *b) {
  while (b->count > 0) b->library->descriptor_destroy(b->made[--b->count]);
}

/// A tensor of four axes, channels last in memory; `number` 0: it exists only inside the graph.
static apus_cudnn_descriptor tensor(builder *b, int type, const int64_t *shape, int64_t number) {
  apus_cudnn_descriptor result = make(b, TENSOR);
  const int64_t channels = shape[1], height = shape[2], width = shape[3];
  const int64_t strides[4] = {channels * height * width, 1, width * channels, channels};
  const int64_t alignment = ALIGNMENT, name = number ? number : FIRST_VIRTUAL + b->next_virtual++;
  const _Bool is_virtual = number == 0;
  set(b, result, TENSOR_TYPE, OF_DATA_TYPE, 1, &type);
  set(b, result, TENSOR_DIMENSIONS, OF_INT64, 4, shape);
  set(b, result, TENSOR_STRIDES, OF_INT64, 4, strides);
  set(b, result, TENSOR_NUMBER, OF_INT64, 1, &name);
  set(b, result, TENSOR_ALIGNMENT, OF_INT64, 1, &alignment);
  set(b, result, TENSOR_IS_VIRTUAL, OF_BOOLEAN, 1, &is_virtual);
  finish(b, result);
  return result;
}

static void add_convolution(builder *b, const apus_cudnn_convolution *c, apus_cudnn_descriptor output) {
  const int math = APUS_CUDNN_FLOAT, mode = CROSS_CORRELATION;
  const int64_t axes = 2;
  const float one = 1, zero = 0;
  apus_cudnn_descriptor convolution = make(b, CONVOLUTION);
  set(b, convolution, CONVOLUTION_MATH, OF_DATA_TYPE, 1, &math);
  set(b, convolution, CONVOLUTION_MODE, OF_CONVOLUTION_MODE, 1, &mode);
  set(b, convolution, CONVOLUTION_AXES, OF_INT64, 1, &axes);
  set(b, convolution, CONVOLUTION_DILATIONS, OF_INT64, 2, c->dilations);
  set(b, convolution, CONVOLUTION_STRIDES, OF_INT64, 2, c->strides);
  set(b, convolution, CONVOLUTION_PADS_BEFORE, OF_INT64, 2, c->pads_before);
  set(b, convolution, CONVOLUTION_PADS_AFTER, OF_INT64, 2, c->pads_after);
  finish(b, convolution);
  apus_cudnn_descriptor input = tensor(b, c->type, c->input, APUS_CUDNN_INPUT);
  apus_cudnn_descriptor weights = tensor(b, c->type, c->weights, APUS_CUDNN_WEIGHTS);
  apus_cudnn_descriptor forward = make(b, CONVOLUTION_FORWARD);
  set(b, forward, FORWARD_CONVOLUTION, OF_DESCRIPTOR, 1, &convolution);
  set(b, forward, FORWARD_INPUT, OF_DESCRIPTOR, 1, &input);
  set(b, forward, FORWARD_WEIGHTS, OF_DESCRIPTOR, 1, &weights);
  set(b, forward, FORWARD_OUTPUT, OF_DESCRIPTOR, 1, &output);
  set(b, forward, FORWARD_ALPHA, OF_FLOAT, 1, &one);
  set(b, forward, FORWARD_BETA, OF_FLOAT, 1, &zero);
  finish(b, forward);
  b->operations[b->operation_count++] = forward;
}

/// A pointwise operation on `x`, and on `other` where there is one.
static void add_pointwise(builder *b, const apus_cudnn_convolution *c, int mode, apus_cudnn_descriptor x,
                          apus_cudnn_descriptor other, apus_cudnn_descriptor y) {
  const int math = APUS_CUDNN_FLOAT;
  apus_cudnn_descriptor pointwise = make(b, POINTWISE);
  set(b, pointwise, POINTWISE_MODE, OF_POINTWISE_MODE, 1, &mode);
  set(b, pointwise, POINTWISE_MATH, OF_DATA_TYPE, 1, &math);
  if (mode == APUS_CUDNN_RELU) {
    set(b, pointwise, POINTWISE_RELU_LOWER, OF_FLOAT, 1, &c->lower);
    set(b, pointwise, POINTWISE_RELU_UPPER, OF_FLOAT, 1, &c->upper);
    set(b, pointwise, POINTWISE_RELU_SLOPE, OF_FLOAT, 1, &c->slope);
  }
  if (mode == APUS_CUDNN_ELU) set(b, pointwise, POINTWISE_ELU_ALPHA, OF_FLOAT, 1, &c->alpha);
  finish(b, pointwise);
  apus_cudnn_descriptor operation = make(b, POINTWISE_OPERATION);
  set(b, operation, OPERATION_POINTWISE, OF_DESCRIPTOR, 1, &pointwise);
  set(b, operation, OPERATION_X, OF_DESCRIPTOR, 1, &x);
  if (other) set(b, operation, OPERATION_B, OF_DESCRIPTOR, 1, &other);
  set(b, operation, OPERATION_Y, OF_DESCRIPTOR, 1, &y);
  finish(b, operation);
  b->operations[b->operation_count++] = operation;
}

/// The graph of a convolution and what is fused behind it: what lies between the operations is FP32.
static apus_cudnn_descriptor graph_of(builder *b, const apus_cudnn_convolution *c) {
  const int64_t bias_shape[4] = {1, c->output[1], 1, 1};
  int left = (c->has_residual != 0) + (c->has_bias != 0) + (c->activation != 0);
  apus_cudnn_descriptor output = tensor(b, c->type, c->output, APUS_CUDNN_OUTPUT);
  apus_cudnn_descriptor value = left ? tensor(b, APUS_CUDNN_FLOAT, c->output, 0) : output;
  add_convolution(b, c, value);
  if (c->has_residual) {
    apus_cudnn_descriptor residual = tensor(b, c->type, c->output, APUS_CUDNN_RESIDUAL);
    apus_cudnn_descriptor sum = --left ? tensor(b, APUS_CUDNN_FLOAT, c->output, 0) : output;
    add_pointwise(b, c, ADD, value, residual, sum);
    value = sum;
  }
  if (c->has_bias) {
    apus_cudnn_descriptor bias = tensor(b, c->type, bias_shape, APUS_CUDNN_BIAS);
    apus_cudnn_descriptor sum = --left ? tensor(b, APUS_CUDNN_FLOAT, c->output, 0) : output;
    add_pointwise(b, c, ADD, value, bias, sum);
    value = sum;
  }
  if (c->activation) add_pointwise(b, c, c->activation, value, NULL, output);
  apus_cudnn_descriptor graph = make(b, OPERATION_GRAPH);
  set(b, graph, GRAPH_OPERATIONS, OF_DESCRIPTOR, b->operation_count, b->operations);
  set(b, graph, GRAPH_HANDLE, OF_HANDLE, 1, &b->handle);
  finish(b, graph);
  return graph;
}

/// Configurations by the library's own heuristic, the most promising first.
static int configurations(builder *b, apus_cudnn_descriptor graph, apus_cudnn_descriptor *found) {
  const int mode = HEURISTIC_MODE_A;
  apus_cudnn_descriptor heuristic = make(b, HEURISTIC);
  set(b, heuristic, HEURISTIC_GRAPH, OF_DESCRIPTOR, 1, &graph);
  set(b, heuristic, HEURISTIC_MODE, OF_HEURISTIC_MODE, 1, &mode);
  finish(b, heuristic);
  for (int index = 0; index < MOST_CONFIGURATIONS; index++) found[index] = make(b, ENGINE_CONFIGURATION);
  int64_t count = 0;
  if (b->status == APUS_CUDNN_SUCCESS)
    b->status = b->library->descriptor_get(heuristic, HEURISTIC_RESULTS, OF_DESCRIPTOR, MOST_CONFIGURATIONS, &count,
                                           found);
  if (b->status != APUS_CUDNN_SUCCESS) return 0;
  return count < MOST_CONFIGURATIONS ? (int)count : MOST_CONFIGURATIONS;
}

/// Notes of a configuration's engine as bits; all where they cannot be read.
static int notes(const apus_cudnn *library, apus_cudnn_descriptor configuration) {
  apus_cudnn_descriptor engine = NULL;
  if (library->descriptor_create(ENGINE, &engine) != APUS_CUDNN_SUCCESS) return ~0;
  int values[MOST_NOTES] = {0}, behaviour[MOST_NOTES] = {0}, result = ~0;
  int64_t one = 0, count = 0, behaviours = 0;
  if (library->descriptor_get(configuration, CONFIGURATION_ENGINE, OF_DESCRIPTOR, 1, &one, &engine) ==
          APUS_CUDNN_SUCCESS &&
      library->descriptor_get(engine, ENGINE_NUMERICAL_NOTES, OF_NUMERICAL_NOTE, MOST_NOTES, &count, values) ==
          APUS_CUDNN_SUCCESS &&
      library->descriptor_get(engine, ENGINE_BEHAVIOUR_NOTES, OF_BEHAVIOUR_NOTE, MOST_NOTES, &behaviours,
                              behaviour) == APUS_CUDNN_SUCCESS) {
    result = 0;
    for (int64_t index = 0; index < count && index < MOST_NOTES; index++) result |= 1 << values[index];
    for (int64_t index = 0; index < behaviours && index < MOST_NOTES; index++)
      if (behaviour[index] == COMPILED_AT_RUN_TIME) result |= APUS_CUDNN_RUNTIME_COMPILATION;
  }
  library->descriptor_destroy(engine);
  return result;
}

static apus_cudnn_status workspace(const apus_cudnn *library, apus_cudnn_descriptor plan, int64_t *bytes) {
  int64_t count = 0;
  return library->descriptor_get(plan, PLAN_WORKSPACE, OF_INT64, 1, &count, bytes);
}

static apus_cudnn_status describe(const apus_cudnn *library, apus_cudnn_descriptor plan, char **text) {
  int64_t size = 0;
  apus_cudnn_status status = library->descriptor_get(plan, PLAN_JSON, OF_CHARACTER, 0, &size, NULL);
  if (status != APUS_CUDNN_SUCCESS) return status;
  *text = calloc((size_t)size + 1, 1);
  if (!*text) return APUS_CUDNN_OUT_OF_HOST_MEMORY;
  status = library->descriptor_get(plan, PLAN_JSON, OF_CHARACTER, size, &size, *text);
  if (status == APUS_CUDNN_SUCCESS) return status;
  free(*text);
  *text = NULL;
  return status;
}

/// Makes a configuration's plan and keeps its description; a configuration that cannot be compiled is no failure.
static int try_configuration(const builder *b, apus_cudnn_descriptor configuration, int64_t most,
                             apus_cudnn_choice *choice) {
  builder trial = {.library = b->library, .handle = b->handle};
  apus_cudnn_descriptor plan = make(&trial, EXECUTION_PLAN);
  set(&trial, plan, PLAN_HANDLE, OF_HANDLE, 1, &trial.handle);
  set(&trial, plan, PLAN_CONFIGURATION, OF_DESCRIPTOR, 1, &configuration);
  finish(&trial, plan);
  if (trial.status == APUS_CUDNN_SUCCESS) trial.status = workspace(b->library, plan, &choice->workspace_bytes);
  if (trial.status == APUS_CUDNN_SUCCESS && choice->workspace_bytes > most) trial.status = APUS_CUDNN_NOT_SUPPORTED;
  if (trial.status == APUS_CUDNN_SUCCESS) trial.status = describe(b->library, plan, &choice->text);
  destroy_all(&trial);
  return trial.status == APUS_CUDNN_SUCCESS;
}

apus_cudnn_status apus_cudnn_choose(const apus_cudnn *library, apus_cudnn_handle handle,
                                    const apus_cudnn_convolution *convolution, int64_t workspace_bytes, int refused,
                                    int wanted, apus_cudnn_choice *choices, int *found) {
  *found = 0;
  builder b = {.library = library, .handle = handle};
  apus_cudnn_descriptor offered[MOST_CONFIGURATIONS];
  const int count = configurations(&b, graph_of(&b, convolution), offered);
  for (int index = 0; index < count && *found < wanted; index++)
    if (!(notes(library, offered[index]) & refused) &&
        try_configuration(&b, offered[index], workspace_bytes, &choices[*found]))
      ++*found;
  destroy_all(&b);
  return b.status;
}

apus_cudnn_status apus_cudnn_plan_create(const apus_cudnn *library, apus_cudnn_handle handle, const char *text,
                                         apus_cudnn_descriptor *plan, int64_t *workspace_bytes) {
  builder b = {.library = library, .handle = handle};
  int64_t size = 1;
  while (text[size - 1]) size++;
  *plan = make(&b, EXECUTION_PLAN);
  set(&b, *plan, PLAN_HANDLE, OF_HANDLE, 1, &handle);
  set(&b, *plan, PLAN_JSON, OF_CHARACTER, size, text);
  finish(&b, *plan);
  if (b.status == APUS_CUDNN_SUCCESS) b.status = workspace(library, *plan, workspace_bytes);
  if (b.status == APUS_CUDNN_SUCCESS) return b.status;
  destroy_all(&b);
  *plan = NULL;
  return b.status;
}

apus_cudnn_status apus_cudnn_plan_run(const apus_cudnn *library, apus_cudnn_handle handle, apus_cudnn_descriptor plan,
                                      int count, const int64_t *numbers, void *const *addresses, void *workspace,
                                      apus_cuda_stream stream) {
  builder b = {.library = library, .handle = handle, .status = library->set_stream(handle, stream)};
  apus_cudnn_descriptor pack = make(&b, VARIANT_PACK);
  set(&b, pack, PACK_NUMBERS, OF_INT64, count, numbers);
  set(&b, pack, PACK_ADDRESSES, OF_POINTER, count, addresses);
  set(&b, pack, PACK_WORKSPACE, OF_POINTER, 1, &workspace);
  finish(&b, pack);
  if (b.status == APUS_CUDNN_SUCCESS) b.status = library->execute(handle, plan, pack);
  destroy_all(&b);
  return b.status;
}
