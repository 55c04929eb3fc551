/* apus-plugin
{
  "name": "RowNormalize",
  "version": "1",
  "namespace": "example",
  "summary": "Divides each row by its length",
  "fields": [{"name": "epsilon", "type": "FLOAT32", "default": 1e-6, "meaning": "least length"}],
  "inputs": [{"name": "x", "types": ["f32", "f16"], "shape": ["ROWS", "COLUMNS"]}],
  "outputs": [
    {"name": "y", "like": "x"},
    {"name": "length", "type": "f32", "shape": ["ROWS"]}
  ],
  "launches": [
    {"kernel": "row_lengths", "grid": ["ROWS"], "block": [128], "operands": ["x", "length"]},
    {"kernel": "divide_rows", "grid": ["floordiv(X_COUNT + 255, 256)"], "block": [256],
     "operands": ["x", "length", "y"]}
  ]
}
*/

// Lengths of the rows, in FP32; a block a row.
extern "C" __global__ void row_lengths(const X_TYPE::Store *x, float *length) {
  __shared__ float sums[4];
  float sum = 0.0f;
  for (int column = threadIdx.x; column < COLUMNS; column += 128) {
    const float value = X_TYPE::load(x[(long long)blockIdx.x * COLUMNS + column]);
    sum += value * value;
  }
  sum = warpSum(sum);
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x == 0) length[blockIdx.x] = sqrtf(sums[0] + sums[1] + sums[2] + sums[3]);
}

extern "C" __global__ void divide_rows(const X_TYPE::Store *x, const float *length, Y_TYPE::Store *y) {
  const long long at = blockIdx.x * 256ll + threadIdx.x;
  if (at < X_COUNT) y[at] = Y_TYPE::store(X_TYPE::load(x[at]) / fmaxf(length[at / COLUMNS], EPSILON));
}
