#include "include/apus_squeeze_excite.h"

#include "include/apus_gemm.h"
#include "internal/levels.h"

// Both products are matrix products with one row for each image.

static apus_gemm product(const apus_squeeze_excite *s, bool first) {
  const ptrdiff_t n = first ? s->squeezed : s->channels, k = first ? s->channels : s->squeezed;
  return (apus_gemm){
      .batch = 1,
      .m = s->batch,
      .n = n,
      .k = k,
      .lda = k,
      .ldb = k,
      .ldc = n,
      .b_transposed = true,
      .alpha = first && s->pixels > 0 ? 1.0f / (float)s->pixels : 1.0f,
      .b_packed = true,
  };
}

static ptrdiff_t packed_floats(const apus_gemm *g) {
  return (ptrdiff_t)apus_gemm_packed_bytes(g) / (ptrdiff_t)sizeof(float);
}

size_t apus_squeeze_excite_packed_bytes(const apus_squeeze_excite *s) {
  const apus_gemm reduce = product(s, true), expand = product(s, false);
  return apus_gemm_packed_bytes(&reduce) + apus_gemm_packed_bytes(&expand) +
         (size_t)(s->squeezed + s->channels) * sizeof(float);
}

static void pack_bias(const float *bias, ptrdiff_t n, float *packed) {
  for (ptrdiff_t i = 0; i < n; i++) packed[i] = bias == NULL ? 0 : bias[i];
}

void apus_squeeze_excite_pack(
    const apus_squeeze_excite *s, const float *reduce, const float *reduce_bias, const float *expand,
    const float *expand_bias, float *packed) {
  const apus_gemm first = product(s, true), second = product(s, false);
  apus_gemm_pack(&first, reduce, packed);
  packed += packed_floats(&first);
  apus_gemm_pack(&second, expand, packed);
  packed += packed_floats(&second);
  pack_bias(reduce_bias, s->squeezed, packed);
  pack_bias(expand_bias, s->channels, packed + s->squeezed);
}

size_t apus_squeeze_excite_workspace_bytes(const apus_squeeze_excite *s) {
  const apus_gemm first = product(s, true), second = product(s, false);
  const size_t products = apus_gemm_workspace_bytes(&first, 1) + apus_gemm_workspace_bytes(&second, 1);
  return products + (size_t)apus_round_up(s->batch * s->squeezed * (ptrdiff_t)sizeof(float), 64);
}

void apus_squeeze_excite_gate(
    const apus_squeeze_excite *s, const float *sums, const float *packed, float *gate, void *workspace,
    apus_pool *pool) {
  const apus_gemm first = product(s, true), second = product(s, false);
  const float *expand = packed + packed_floats(&first), *biases = expand + packed_floats(&second);
  const apus_epilogue inner = {
      .bias = biases, .activation = s->inner, .alpha = s->inner_alpha, .beta = s->inner_beta};
  const apus_epilogue outer = {
      .bias = biases + s->squeezed, .activation = s->outer, .alpha = s->outer_alpha, .beta = s->outer_beta};
  float *squeezed = workspace;
  char *rest = (char *)workspace + apus_round_up(s->batch * s->squeezed * (ptrdiff_t)sizeof(float), 64);
  apus_gemm_run(&first, sums, packed, &inner, squeezed, rest, pool);
  apus_gemm_run(&second, squeezed, expand, &outer, gate, rest, pool);
}
