#include "internal/finish.h"

#include "internal/levels.h"

#define APUS_KERNEL_BF16 1
#define APUS_KERNEL "finish.inc.h"
#include "internal/foreach_level.inc.h"

void apus_activation_f32(
    apus_activation activation, float alpha, float beta, const float *x, float *y, ptrdiff_t n) {
  APUS_SELECT(activation_f32)(activation, alpha, beta, x, y, n);
}

void apus_activation_bf16(
    apus_activation activation, float alpha, float beta, const uint16_t *x, uint16_t *y, ptrdiff_t n) {
  APUS_SELECT(activation_bf16)(activation, alpha, beta, x, y, n);
}
