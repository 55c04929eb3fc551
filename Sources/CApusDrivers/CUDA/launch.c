#include <string.h>
#include "apus_cuda.h"

// Launch attribute numbers of the driver's ABI.
enum { COOPERATIVE = 2, CLUSTER_DIMENSION = 4, PROGRAMMATIC_STREAM_SERIALIZATION = 6 };

apus_cuda_result apus_cuda_launch_kernel(const apus_cuda_driver *driver, apus_cuda_function function,
                                         const apus_cuda_launch *launch, apus_cuda_stream stream,
                                         void **arguments) {
  apus_cuda_attribute attributes[3];
  memset(attributes, 0, sizeof attributes);
  unsigned count = 0;
  if (launch->cluster[0]) {
    attributes[count].id = CLUSTER_DIMENSION;
    attributes[count].value.cluster.x = launch->cluster[0];
    attributes[count].value.cluster.y = launch->cluster[1];
    attributes[count++].value.cluster.z = launch->cluster[2];
  }
  if (launch->programmatic) {
    attributes[count].id = PROGRAMMATIC_STREAM_SERIALIZATION;
    attributes[count++].value.flag = 1;
  }
  if (launch->cooperative) {
    attributes[count].id = COOPERATIVE;
    attributes[count++].value.flag = 1;
  }
  const apus_cuda_config config = {
      .grid_x = launch->grid[0],
      .grid_y = launch->grid[1],
      .grid_z = launch->grid[2],
      .block_x = launch->block[0],
      .block_y = launch->block[1],
      .block_z = launch->block[2],
      .shared_bytes = launch->shared_bytes,
      .stream = stream,
      .attributes = attributes,
      .attribute_count = count,
  };
  return driver->launch(&config, function, arguments, NULL);
}
