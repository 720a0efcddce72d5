/* SPDX-License-Identifier: Apache-2.0 */
/* Beyond not crashing: whatever comes in, what comes out is clean UTF-8 within the ceiling, and no longer for
 * being cut. */
#include "text/html.h"
#include "text/utf8.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct buf all = BUF_INIT(1024 * 1024), some = BUF_INIT(64);
  int r = html_to_text(slice_of(data, size), &all);
  if (r == 0 && !utf8_clean(buf_slice(&all)))
    abort();
  int cut = html_to_text(slice_of(data, size), &some);
  if (some.len > 64 || (r == 0 && (some.len > all.len || (some.len && memcmp(some.at, all.at, some.len) != 0))))
    abort();
  if (cut == 0 && some.len != all.len)
    abort();
  buf_free(&all);
  buf_free(&some);
  return 0;
}
