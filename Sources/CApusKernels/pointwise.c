#include "internal/pointwise.h"

#include "internal/narrow.h"
#include "internal/transfer.h"

enum { OPERANDS = 64, TASK_BLOCKS = 16 };

/// How an operand's elements lie along the blocks.
typedef enum operand_form { FORM_DENSE, FORM_SCALAR, FORM_STRIDED } operand_form;

typedef struct operand {
  char *base;
  apus_dtype type;
  operand_form form;
  /// Whether blocks may be read in place instead of copied.
  bool direct;
  ptrdiff_t strides[APUS_POINTWISE_RANK];
} operand;

typedef struct job {
  const apus_pointwise *program;
  int rank;
  ptrdiff_t shape[APUS_POINTWISE_RANK], total;
  operand inputs[OPERANDS], outputs[OPERANDS];
  char *workspace;
  apus_dtype native;
  /// Whether the program only widens more BF16 elements than the caches hold.
  bool widens;
} job;

static ptrdiff_t lane_bytes(apus_pointwise_domain domain) { return domain == APUS_POINTWISE_F32 ? 4 : 8; }

static bool is_integer_op(apus_pointwise_op op) {
  return (op >= APUS_PW_BIT_AND && op <= APUS_PW_SHIFT_RIGHT) || op == APUS_PW_BIT_NOT;
}

/// Operations that the integer domain lacks.
static bool is_float_op(apus_pointwise_op op) {
  return op == APUS_PW_ATAN2 || (op >= APUS_PW_EXP && op < APUS_PW_CAST && op != APUS_PW_CLIP);
}

static bool in_range(int32_t index, int32_t count) { return index >= 0 && index < count; }

bool apus_pointwise_valid(const apus_pointwise *p) {
  if (p->rank < 0 || p->rank > APUS_POINTWISE_RANK || !in_range(p->register_count, APUS_POINTWISE_REGISTERS + 1))
    return false;
  if (!in_range(p->input_count, OPERANDS + 1) || !in_range(p->output_count, OPERANDS + 1)) return false;
  for (int32_t n = 0; n < p->instruction_count; n++) {
    const apus_pointwise_instruction *i = &p->instructions[n];
    const int32_t registers = p->register_count;
    if (p->domain == APUS_POINTWISE_I64 ? is_float_op(i->op) : is_integer_op(i->op)) return false;
    if (i->op == APUS_PW_STORE) {
      if (!in_range(i->a, registers) || !in_range(i->b, p->output_count)) return false;
      continue;
    }
    if (!in_range(i->dst, registers)) return false;
    if (i->op == APUS_PW_LOAD && !in_range(i->a, p->input_count)) return false;
    if (i->op == APUS_PW_LOAD || i->op == APUS_PW_CONST) continue;
    if (!in_range(i->a, registers)) return false;
    const bool ternary = i->op == APUS_PW_SELECT || i->op == APUS_PW_FMA;
    if ((i->op < APUS_PW_NEG || ternary) && !in_range(i->b, registers)) return false;
    if (ternary && !in_range(i->c, registers)) return false;
    if (i->op == APUS_PW_CAST && !in_range(i->b, APUS_BOOL + 1)) return false;
  }
  return true;
}

size_t apus_pointwise_workspace_bytes(const apus_pointwise *p, int32_t threads) {
  return (size_t)(apus_max(threads, 1) * p->register_count * APUS_BLOCK * lane_bytes(p->domain));
}

/// Calls `visit` for every run of the innermost dimension in elements `start ..< start + n`.
#define FOR_EACH_RUN(J, O, START, N, AT, COUNT, OFFSET, BODY)                                  \
  do {                                                                                         \
    ptrdiff_t index_[APUS_POINTWISE_RANK], rest_ = START, AT = 0, OFFSET = 0;                  \
    const int last_ = (J)->rank - 1;                                                           \
    for (int d_ = last_; d_ >= 0; d_--) {                                                      \
      index_[d_] = rest_ % (J)->shape[d_];                                                     \
      rest_ /= (J)->shape[d_];                                                                 \
      OFFSET += index_[d_] * (O)->strides[d_];                                                 \
    }                                                                                          \
    while (AT < (N)) {                                                                         \
      const ptrdiff_t COUNT = apus_min((N) - AT, (J)->shape[last_] - index_[last_]);           \
      BODY;                                                                                    \
      AT += COUNT;                                                                             \
      index_[last_] += COUNT;                                                                  \
      OFFSET += COUNT * (O)->strides[last_];                                                   \
      for (int d_ = last_; d_ > 0 && index_[d_] == (J)->shape[d_]; d_--) {                     \
        OFFSET += (O)->strides[d_ - 1] - index_[d_] * (O)->strides[d_];                        \
        index_[d_] = 0;                                                                        \
        index_[d_ - 1]++;                                                                      \
      }                                                                                        \
    }                                                                                          \
  } while (0)

static void load_run(
    const job *j, char *to, ptrdiff_t at, const operand *o, ptrdiff_t offset, ptrdiff_t stride, ptrdiff_t n) {
  const char *from = o->base + offset * apus_element_bytes(o->type);
  switch (j->program->domain) {
  case APUS_POINTWISE_F32: apus_load_f32((float *)to + at, from, o->type, stride, n); break;
  case APUS_POINTWISE_F64: apus_load_f64((double *)to + at, from, o->type, stride, n); break;
  case APUS_POINTWISE_I64: apus_load_i64((int64_t *)to + at, from, o->type, stride, n); break;
  }
}

static void store_run(
    const job *j, const char *from, ptrdiff_t at, const operand *o, ptrdiff_t offset, ptrdiff_t stride,
    ptrdiff_t n) {
  char *to = o->base + offset * apus_element_bytes(o->type);
  switch (j->program->domain) {
  case APUS_POINTWISE_F32: apus_store_f32(to, (const float *)from + at, o->type, stride, n); break;
  case APUS_POINTWISE_F64: apus_store_f64(to, (const double *)from + at, o->type, stride, n); break;
  case APUS_POINTWISE_I64: apus_store_i64(to, (const int64_t *)from + at, o->type, stride, n); break;
  }
}

/// Brings a block into a register; returns where it lies.
static const char *load_block(const job *j, char *to, const operand *o, ptrdiff_t start, ptrdiff_t n) {
  switch (o->form) {
  case FORM_DENSE:
    if (o->direct && n % 16 == 0) return o->base + start * apus_element_bytes(o->type);
    load_run(j, to, 0, o, start, 1, n);
    break;
  case FORM_SCALAR: load_run(j, to, 0, o, 0, 0, n); break;
  case FORM_STRIDED:
    FOR_EACH_RUN(j, o, start, n, at, count, offset,
                 load_run(j, to, at, o, offset, o->strides[j->rank - 1], count));
    break;
  }
  return to;
}

static void store_block(const job *j, const char *from, const operand *o, ptrdiff_t start, ptrdiff_t n) {
  if (o->form == FORM_DENSE) {
    store_run(j, from, 0, o, start, 1, n);
    return;
  }
  if (j->rank == 0) {
    store_run(j, from, 0, o, 0, 1, 1);
    return;
  }
  FOR_EACH_RUN(j, o, start, n, at, count, offset,
               store_run(j, from, at, o, offset, o->strides[j->rank - 1], count));
}

static void fill_constant(const job *j, char *to, const apus_pointwise_instruction *i) {
  for (ptrdiff_t k = 0; k < APUS_BLOCK; k++) {
    switch (j->program->domain) {
    case APUS_POINTWISE_F32: ((float *)to)[k] = (float)i->alpha; break;
    case APUS_POINTWISE_F64: ((double *)to)[k] = i->alpha; break;
    case APUS_POINTWISE_I64: ((int64_t *)to)[k] = i->integer; break;
    }
  }
}

static void compute(
    const job *j, const apus_pointwise_instruction *i, char *dst, const char *a, const char *b, const char *c,
    ptrdiff_t n) {
  switch (j->program->domain) {
  case APUS_POINTWISE_F32:
    if (i->op == APUS_PW_CAST) {
      char buffer[APUS_BLOCK * 8];
      apus_store_f32(buffer, (const float *)a, (apus_dtype)i->b, 1, n);
      apus_load_f32((float *)dst, buffer, (apus_dtype)i->b, 1, n);
      break;
    }
    APUS_SELECT_F32(apus_pointwise_f32)
    (i, (float *)dst, (const float *)a, (const float *)b, (const float *)c, n);
    break;
  case APUS_POINTWISE_F64:
    apus_pointwise_f64(i, (double *)dst, (const double *)a, (const double *)b, (const double *)c, n);
    break;
  case APUS_POINTWISE_I64:
    apus_pointwise_i64(i, (int64_t *)dst, (const int64_t *)a, (const int64_t *)b, (const int64_t *)c, n);
    break;
  }
}

static void run_task(void *context, ptrdiff_t task, int32_t thread) {
  const job *j = context;
  const apus_pointwise *p = j->program;
  const ptrdiff_t size = APUS_BLOCK * lane_bytes(p->domain);
  char *registers = j->workspace + thread * p->register_count * size;
  const char *read[APUS_POINTWISE_REGISTERS];
  for (int32_t r = 0; r < p->register_count; r++) read[r] = registers + r * size;
  for (int32_t n = 0; n < p->instruction_count; n++)
    if (p->instructions[n].op == APUS_PW_CONST)
      fill_constant(j, registers + p->instructions[n].dst * size, &p->instructions[n]);
  const ptrdiff_t begin = task * APUS_BLOCK * TASK_BLOCKS;
  const ptrdiff_t end = apus_min(j->total, begin + APUS_BLOCK * TASK_BLOCKS);
  if (j->widens) {
    const uint16_t *from = (const uint16_t *)j->inputs[0].base + begin;
    apus_widen_past_caches((float *)j->outputs[0].base + begin, from, APUS_BF16, end - begin);
    return;
  }
  for (ptrdiff_t start = begin; start < end; start += APUS_BLOCK) {
    const ptrdiff_t count = apus_min(APUS_BLOCK, end - start);
    for (int32_t n = 0; n < p->instruction_count; n++) {
      const apus_pointwise_instruction *i = &p->instructions[n];
      if (i->op == APUS_PW_CONST) continue;
      if (i->op == APUS_PW_STORE) {
        store_block(j, read[i->a], &j->outputs[i->b], start, count);
        continue;
      }
      char *dst = registers + i->dst * size;
      if (i->op == APUS_PW_LOAD) {
        read[i->dst] = load_block(j, dst, &j->inputs[i->a], start, count);
        continue;
      }
      const bool ternary = i->op == APUS_PW_SELECT || i->op == APUS_PW_FMA;
      const char *b = i->op < APUS_PW_NEG || ternary ? read[i->b] : NULL;
      compute(j, i, dst, read[i->a], b, ternary ? read[i->c] : NULL, count);
      read[i->dst] = dst;
    }
  }
}

static bool merges(const job *j, int at, ptrdiff_t extent, int from) {
  const apus_pointwise *p = j->program;
  for (int32_t n = 0; n < p->input_count; n++)
    if (j->inputs[n].strides[at] != p->inputs[n].strides[from] * extent) return false;
  for (int32_t n = 0; n < p->output_count; n++)
    if (j->outputs[n].strides[at] != p->outputs[n].strides[from] * extent) return false;
  return true;
}

/// Drops dimensions of extent 1 and merges neighbours that all operands walk alike.
static void simplify(job *j) {
  const apus_pointwise *p = j->program;
  j->rank = 0;
  j->total = 1;
  for (int d = 0; d < p->rank; d++) {
    const ptrdiff_t extent = p->shape[d];
    j->total *= extent;
    if (extent == 1) continue;
    const bool merged = j->rank > 0 && merges(j, j->rank - 1, extent, d);
    const int at = merged ? j->rank - 1 : j->rank;
    j->shape[at] = merged ? j->shape[at] * extent : extent;
    for (int32_t n = 0; n < p->input_count; n++) j->inputs[n].strides[at] = p->inputs[n].strides[d];
    for (int32_t n = 0; n < p->output_count; n++) j->outputs[n].strides[at] = p->outputs[n].strides[d];
    j->rank = at + 1;
  }
}

static operand_form form_of(const job *j, const operand *o) {
  ptrdiff_t dense = 1;
  bool is_dense = true, is_scalar = true;
  for (int d = j->rank - 1; d >= 0; d--) {
    is_dense &= o->strides[d] == dense;
    is_scalar &= o->strides[d] == 0;
    dense *= j->shape[d];
  }
  return is_dense ? FORM_DENSE : is_scalar ? FORM_SCALAR : FORM_STRIDED;
}

void apus_pointwise_run(
    const apus_pointwise *p, const void *const *inputs, void *const *outputs, void *workspace,
    apus_pool *pool) {
  static const apus_dtype natives[] = {APUS_F32, APUS_F64, APUS_I64};
  job j = {.program = p, .workspace = workspace, .native = natives[p->domain]};
  simplify(&j);
  if (j.total == 0) return;
  for (int32_t n = 0; n < p->output_count; n++) {
    operand *o = &j.outputs[n];
    o->base = outputs[n];
    o->type = p->outputs[n].type;
    o->form = form_of(&j, o);
  }
  for (int32_t n = 0; n < p->input_count; n++) {
    operand *o = &j.inputs[n];
    o->base = (char *)(uintptr_t)inputs[n];
    o->type = p->inputs[n].type;
    o->form = form_of(&j, o);
    o->direct = o->type == j.native;
    for (int32_t m = 0; m < p->output_count; m++)
      if (inputs[n] == outputs[m]) o->direct = false;
  }
  j.widens = p->instruction_count == 2 && p->input_count == 1 && p->output_count == 1 && j.total >= 1 << 21 &&
             p->instructions[0].op == APUS_PW_LOAD && p->instructions[1].op == APUS_PW_STORE &&
             j.inputs[0].form == FORM_DENSE && j.outputs[0].form == FORM_DENSE && j.inputs[0].type == APUS_BF16 &&
             j.outputs[0].type == APUS_F32;
  apus_pool_run(pool, apus_ceil_div(j.total, APUS_BLOCK * TASK_BLOCKS), run_task, &j);
}
