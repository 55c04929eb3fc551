#ifndef APUS_ONEDNN_WINDOW_H
#define APUS_ONEDNN_WINDOW_H

#include "apus_onednn.h"

/// oneDNN counts a dense window's dilation as 0. Returns 0 if the window is valid.
static inline int apus_window_dilations(const apus_onednn_window *window, int64_t *dilations) {
  if (window->rank < 1 || window->rank > APUS_ONEDNN_MAX_SPATIAL) return -1;
  for (int i = 0; i < window->rank; i++) {
    if (window->dilations[i] < 1) return -1;
    dilations[i] = window->dilations[i] - 1;
  }
  return 0;
}

#endif
