#include <stdint.h>
#include <string.h>
#include "apus_cuda.h"

apus_cuda_result apus_cuda_encode_tiled(const apus_cuda_driver *driver, uint64_t *words, int element_type,
                                        int rank, apus_cuda_address address, const uint64_t *dimensions,
                                        const uint64_t *strides, const uint32_t *box, int swizzle, int promotion) {
  const uint32_t steps[5] = {1, 1, 1, 1, 1};
  apus_cuda_tensor_map map;
  const apus_cuda_result result =
      driver->tensor_map_tiled(&map, element_type, (uint32_t)rank, (void *)(uintptr_t)address, dimensions, strides,
                               box, steps, 0, swizzle, promotion, 0);
  memcpy(words, map.words, sizeof map.words);
  return result;
}

apus_cuda_result apus_cuda_encode_im2col(const apus_cuda_driver *driver, uint64_t *words,
                                         apus_cuda_address address, const apus_cuda_im2col *shape) {
  const uint64_t element = (uint64_t)shape->element_bytes;
  const uint64_t dimensions[4] = {shape->channels, shape->width, shape->height, shape->batch};
  const uint64_t strides[3] = {
      shape->channels * element,
      shape->width * shape->channels * element,
      shape->height * shape->width * shape->channels * element,
  };
  // The window's corner runs from the leading padding to where the last tap still starts inside the padded image.
  const int lower[2] = {-shape->padding[1], -shape->padding[0]};
  const int upper[2] = {
      shape->padding[3] - (shape->kernel[1] - 1) * shape->dilation[1],
      shape->padding[2] - (shape->kernel[0] - 1) * shape->dilation[0],
  };
  const uint32_t steps[4] = {1, (uint32_t)shape->stride[1], (uint32_t)shape->stride[0], 1};
  apus_cuda_tensor_map map;
  const apus_cuda_result result =
      driver->tensor_map_im2col(&map, shape->element_type, 4, (void *)(uintptr_t)address, dimensions, strides, lower,
                                upper, shape->channels_per_copy, shape->pixels_per_copy, steps, 0, shape->swizzle,
                                shape->promotion, 0);
  memcpy(words, map.words, sizeof map.words);
  return result;
}
