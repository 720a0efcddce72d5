/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever comes in: what comes out is what a strict reader of its own finds harmless, no larger than promised, the
 * same when it is cleaned again, and whole and harmless when it is cut. */
#include "tests/unit/common/text/html_verify.h"
#include "text/html_clean.h"
#include "text/utf8.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_be_harmless(const struct buf *out) {
  size_t at;
  if (html_verify(buf_slice(out), &at) || !utf8_clean(buf_slice(out)))
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct buf once = BUF_INIT(16 * 1024 * 1024), twice = BUF_INIT(16 * 1024 * 1024), cut = BUF_INIT(200);
  struct html_clean_notes notes;
  if (html_clean(slice_of(data, size), &once, &notes) != 0 || html_clean(buf_slice(&once), &twice, &notes) != 0)
    abort();
  must_be_harmless(&once);
  if (!slice_equal(buf_slice(&once), buf_slice(&twice)) ||
      once.len > HTML_CLEAN_FACTOR * size + HTML_CLEAN_LEAST)
    abort();
  int r = html_clean(slice_of(data, size), &cut, &notes);
  must_be_harmless(&cut);
  if (cut.len > 200 || (r == 0 && !slice_equal(buf_slice(&once), buf_slice(&cut))))
    abort();
  buf_free(&once);
  buf_free(&twice);
  buf_free(&cut);
  return 0;
}
