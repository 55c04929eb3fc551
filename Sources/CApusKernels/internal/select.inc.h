// The smallest of many distinct keys of type KEY, in order; `SELECT(name)` names the variant.

/// Moves the `most` smallest keys to the front (Hoare's selection).
static void SELECT(partition)(KEY *keys, ptrdiff_t count, ptrdiff_t most) {
  ptrdiff_t low = 0, high = count - 1;
  while (low < high) {
    const KEY pivot = keys[low + (high - low) / 2];
    ptrdiff_t i = low, j = high;
    while (i <= j) {
      while (keys[i] < pivot) i++;
      while (keys[j] > pivot) j--;
      if (i <= j) {
        const KEY swapped = keys[i];
        keys[i++] = keys[j];
        keys[j--] = swapped;
      }
    }
    if (most - 1 <= j) high = j;
    else if (most - 1 >= i) low = i;
    else return;
  }
}

static void SELECT(sift_down)(KEY *keys, ptrdiff_t root, ptrdiff_t count) {
  for (ptrdiff_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && keys[child] < keys[child + 1]) child++;
    if (keys[root] >= keys[child]) return;
    const KEY swapped = keys[root];
    keys[root] = keys[child];
    keys[child] = swapped;
  }
}

static void SELECT(heap_sort)(KEY *keys, ptrdiff_t count) {
  for (ptrdiff_t root = count / 2 - 1; root >= 0; root--) SELECT(sift_down)(keys, root, count);
  for (ptrdiff_t end = count - 1; end > 0; end--) {
    const KEY swapped = keys[0];
    keys[0] = keys[end];
    keys[end] = swapped;
    SELECT(sift_down)(keys, 0, end);
  }
}

/// One line of `job`: keys hold the order in their upper part and the place in the lower 32 bits.
static void SELECT(topk_line)(const topk_job *job, ptrdiff_t line, KEY *keys) {
  const apus_lines *l = job->lines;
  const ptrdiff_t base = line / l->inner * l->size * l->inner + line % l->inner, bytes = apus_order_bytes(l->type);
  for (ptrdiff_t i = 0; i < l->size; i++) {
    const uint64_t key = apus_order_key(job->in, l->type, base + i * l->inner);
    keys[i] = (KEY)(job->largest ? key ^ job->flip : key) << 32 | (KEY)i;
  }
  if (job->k < l->size) SELECT(partition)(keys, l->size, job->k);
  SELECT(heap_sort)(keys, job->k);
  const ptrdiff_t target = line / l->inner * job->k * l->inner + line % l->inner;
  for (ptrdiff_t i = 0; i < job->k; i++) {
    const ptrdiff_t place = (ptrdiff_t)(uint32_t)keys[i], to = target + i * l->inner;
    if (job->places) job->places[to] = place;
    if (job->values) memcpy(job->values + to * bytes, job->in + (base + place * l->inner) * bytes, (size_t)bytes);
  }
}
