/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First byte even: urlencoded. Odd: multipart, where the first line is the Content-Type and the rest the body.
 * Beyond not crashing: every part's pieces lie inside the body or the arena, and are readable to the last byte.
 */
#include "http/form.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(struct slice s) {
  unsigned sum = 0;
  for (size_t i = 0; i < s.len; i++)
    sum += (uint8_t)s.at[i];
  __asm__ volatile("" : : "r"(sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  struct arena *a = arena_new(256, 256 * 1024);
  struct slice rest = slice_of(data + 1, size - 1), type = SLICE("");
  struct form form = {0};
  int r;
  if (data[0] % 2 == 0) {
    r = form_parse_urlencoded(a, rest, &form);
    if (r == FORM_BROKEN)
      abort(); /* every urlencoded body has a reading */
  } else {
    slice_split(&rest, '\n', &type);
    if (!rest.at)
      rest = SLICE("");
    r = form_parse_multipart(a, type, rest, &form);
  }
  if (r == 0) {
    if (form.count > FORM_MAX_PARTS)
      abort();
    for (size_t i = 0; i < form.count; i++) {
      touch(form.parts[i].name);
      touch(form.parts[i].value);
      touch(form.parts[i].filename);
      touch(form.parts[i].type);
    }
    if (form_find(&form, "message") && form.count == 0)
      abort();
  }
  arena_free(&a);
  return 0;
}
