/* SPDX-License-Identifier: Apache-2.0 */
/* A label in the first line, its bytes behind it: text comes out that can be mended without surprise, and what a set
 * explains it converts without a replacement. */
#include "mime/charset.h"
#include "text/utf8.h"
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  if (charset_open_all() != 0)
    abort();
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct reading r = {.arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
  struct slice bytes = slice_of(data, size), label, text;
  size_t broken = 0;
  if (!slice_split(&bytes, '\n', &label) || !bytes.at)
    bytes = slice_of("", 0);
  enum charset set = charset_find(label);
  if (set != CHARSET_UNKNOWN && charset_convert(&r, set, bytes, &text, &broken)) {
    if (!utf8_valid(text) || text.len > 3 * 2 * bytes.len + 64)
      abort();
    if (charset_explains(&r, set, bytes) != (broken == 0))
      abort();
  }
  text = charset_to_utf8(&r, label, bytes);
  if (!utf8_clean(slice_text(reading_text(&r, text))))
    abort();
  text = charset_html_to_utf8(&r, label, bytes);
  if (!utf8_clean(slice_text(reading_text(&r, text))) || r.failed)
    abort();
  arena_free(&r.arena);
  return 0;
}
