/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "normalise_generic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct arena *a;
  if (!a)
    a = arena_new(1 << 20, 1 << 26);
  arena_reset(a);
  struct source source = fuzz_source(a);
  struct normalised n;
  if (normalise_generic(&source, slice_of(data, size), SLICE("msg_1"), &n) != 0)
    return 0;
  for (size_t i = 0; i < n.count; i++)
    fuzz_check(a, n.events[i]);
  return 0;
}
