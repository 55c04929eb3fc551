#include "include/apus_recurrent.h"

#include "include/apus_gemm.h"
#include "internal/levels.h"

typedef enum recurrent_stage {
  RECURRENT_LSTM,
  RECURRENT_GRU_LINEAR,
  RECURRENT_GRU_GATES,
  RECURRENT_GRU,
} recurrent_stage;

/// One step of all sequences.
typedef struct recurrent_job {
  const apus_recurrent *layer;
  const int32_t *lengths;
  recurrent_stage stage;
  ptrdiff_t step, gates, product_rows;
  /// x times its weights with biases, for all times; state times its weights.
  float *given, *product;
  const float *state_bias;
  float *state, *cell, *update, *scaled, *y;
} recurrent_job;

static ptrdiff_t recurrent_length(const recurrent_job *job, ptrdiff_t sample) {
  if (!job->lengths) return job->layer->length;
  return apus_min(job->layer->length, apus_max(0, job->lengths[sample]));
}

#define APUS_KERNEL "recurrent.inc.h"
#include "internal/foreach_level.inc.h"

/// rows x k times packed k x columns.
static apus_gemm product(ptrdiff_t rows, ptrdiff_t k, ptrdiff_t columns) {
  return (apus_gemm){
      .batch = 1, .m = rows, .n = columns, .k = k, .lda = k, .ldb = columns, .ldc = columns, .alpha = 1,
      .type = APUS_F32, .a_type = APUS_F32, .b_type = APUS_F32, .c_type = APUS_F32, .b_packed = true};
}

typedef struct recurrent_products {
  apus_gemm input, state, scaled;
} recurrent_products;

static ptrdiff_t gate_count(const apus_recurrent *l) { return l->cell == APUS_CELL_LSTM ? 4 : 3; }

static recurrent_products products(const apus_recurrent *l) {
  const ptrdiff_t rows = gate_count(l) * l->hidden;
  return (recurrent_products){
      .input = product(l->length * l->batch, l->size, rows),
      .state = product(l->batch, l->hidden, l->cell == APUS_CELL_GRU ? 2 * l->hidden : rows),
      .scaled = product(l->batch, l->hidden, l->hidden),
  };
}

static size_t round_64(size_t bytes) { return (bytes + 63) / 64 * 64; }

static size_t product_workspace(const apus_recurrent *l) {
  const recurrent_products p = products(l);
  const size_t a = apus_gemm_workspace_bytes(&p.input, 1), b = apus_gemm_workspace_bytes(&p.state, 1);
  const size_t c = apus_gemm_workspace_bytes(&p.scaled, 1);
  return round_64(a > b ? (a > c ? a : c) : (b > c ? b : c));
}

/// Bytes of a block of rows for each sequence.
static size_t block_bytes(const apus_recurrent *l, ptrdiff_t rows) {
  return round_64((size_t)(l->batch * rows * l->hidden) * sizeof(float));
}

size_t apus_recurrent_workspace_bytes(const apus_recurrent *l) {
  const ptrdiff_t gates = gate_count(l);
  return product_workspace(l) + block_bytes(l, l->length * gates) + block_bytes(l, gates) + 4 * block_bytes(l, 1);
}

/// Copies states between a dense block and [directions, batch, hidden], either way.
static void copy_states(const apus_recurrent *l, float *dense, float *states, bool out) {
  for (ptrdiff_t sample = 0; sample < l->batch; sample++) {
    const ptrdiff_t place = l->batch_first ? sample * l->directions + l->direction : l->direction * l->batch + sample;
    float *inner = dense + sample * l->hidden, *outer = states + place * l->hidden;
    memcpy(out ? outer : inner, out ? inner : outer, (size_t)l->hidden * sizeof(float));
  }
}

static void load_states(const apus_recurrent *l, float *dense, const float *states) {
  if (states) copy_states(l, dense, (float *)states, false);
  else memset(dense, 0, (size_t)(l->batch * l->hidden) * sizeof(float));
}

static void run_stage(recurrent_job *job, recurrent_stage stage, ptrdiff_t product_rows, apus_pool *pool) {
  job->stage = stage;
  job->product_rows = product_rows;
  apus_pool_run(pool, job->layer->batch, APUS_SELECT_F32(recurrent_task), job);
}

void apus_recurrent_run(
    const apus_recurrent *l, const apus_recurrent_weights *weights, const float *x, const int32_t *lengths,
    const float *initial, const float *initial_cell, float *y, float *last, float *last_cell, void *workspace,
    apus_pool *pool) {
  const recurrent_products p = products(l);
  const apus_epilogue bias = {.bias = weights->bias}, none = {0};
  char *rest = (char *)workspace + product_workspace(l);
  recurrent_job job = {.layer = l, .lengths = lengths, .gates = gate_count(l), .y = y};
  job.state_bias = weights->state_bias;
  job.given = (float *)rest, rest += block_bytes(l, l->length * job.gates);
  job.product = (float *)rest, rest += block_bytes(l, job.gates);
  float **blocks[4] = {&job.state, &job.cell, &job.update, &job.scaled};
  for (int i = 0; i < 4; i++) *blocks[i] = (float *)rest, rest += block_bytes(l, 1);
  load_states(l, job.state, initial);
  load_states(l, job.cell, initial_cell);
  if (y && lengths && l->direction == 0)
    memset(y, 0, (size_t)(l->length * l->directions * l->batch * l->hidden) * sizeof(float));
  if (l->length > 0 && l->batch > 0) apus_gemm_run(&p.input, x, weights->input, &bias, job.given, workspace, pool);
  for (job.step = 0; job.step < l->length && l->batch > 0; job.step++) {
    apus_gemm_run(&p.state, job.state, weights->state, &none, job.product, workspace, pool);
    if (l->cell != APUS_CELL_GRU) {
      run_stage(&job, l->cell == APUS_CELL_LSTM ? RECURRENT_LSTM : RECURRENT_GRU_LINEAR, p.state.n, pool);
      continue;
    }
    // Sequences that have ended keep what was scaled last: their products are not read.
    run_stage(&job, RECURRENT_GRU_GATES, p.state.n, pool);
    apus_gemm_run(&p.scaled, job.scaled, weights->scaled, &none, job.product, workspace, pool);
    run_stage(&job, RECURRENT_GRU, p.scaled.n, pool);
  }
  if (last) copy_states(l, job.state, last, true);
  if (last_cell) copy_states(l, job.cell, last_cell, true);
}
