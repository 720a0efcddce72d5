/* SPDX-License-Identifier: Apache-2.0 */
/* Beyond not crashing: whatever comes in, what comes out is clean UTF-8 within the ceiling, and has the same words when
 * it is cut. White space may differ there: a row of a table is put on one line when it ends. */
#include "text/html.h"
#include "text/utf8.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_word(char c) {
  return c != ' ' && c != '\t' && c != '\n' && c != '>';
}

static size_t next_word(const struct buf *b, size_t i) {
  while (i < b->len && !is_word(b->at[i]))
    i++;
  return i;
}

static bool begins_alike(const struct buf *all, const struct buf *some) {
  size_t a = next_word(all, 0), s = next_word(some, 0);
  while (s < some->len) {
    if (a >= all->len || all->at[a] != some->at[s])
      return false;
    a = next_word(all, a + 1);
    s = next_word(some, s + 1);
  }
  return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const size_t ceiling = 64 + (size ? 16 * (size_t)data[0] : 0);
  struct buf all = BUF_INIT(1024 * 1024), some = BUF_INIT(ceiling);
  int r = html_to_text(slice_of(data, size), &all);
  if (r == 0 && !utf8_clean(buf_slice(&all)))
    abort();
  int cut = html_to_text(slice_of(data, size), &some);
  if (some.len > ceiling || (r == 0 && !begins_alike(&all, &some)))
    abort();
  if (cut == 0 && !slice_equal(buf_slice(&all), buf_slice(&some)))
    abort();
  buf_free(&all);
  buf_free(&some);
  return 0;
}
