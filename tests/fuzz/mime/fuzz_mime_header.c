/* SPDX-License-Identifier: Apache-2.0 */
/* The header: fields lie in order inside the mail and do not overlap, the body is what is behind them, unfolding leaves
 * one line. */
#include "mime/encoded_word.h"
#include "mime/charset_set.h"
#include "mime/header.h"
#include "text/utf8.h"
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  charset_open_all();
  return 0;
}

static bool is_one_line(struct slice s) {
  return !s.len || (!memchr(s.at, '\n', s.len) && !memchr(s.at, '\r', s.len) && !memchr(s.at, '\0', s.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct reading r = {.arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
  struct slice raw = slice_of(data, size);
  struct mail_header h;
  header_read(&r, raw, &h);
  const char *at = raw.at;
  for (size_t i = 0; i < h.count; i++) {
    struct mail_field f = h.fields[i];
    if (f.whole.at < at || f.name.at != f.whole.at || f.name.len == 0 || f.value.len > HEADER_FIELD_MAX ||
        f.value.at < f.name.at + f.name.len || f.whole.at + f.whole.len > raw.at + raw.len)
      abort();
    at = f.whole.at + f.whole.len;
    struct slice line = header_unfold(&r, f.value);
    if (!is_one_line(line) || !utf8_clean(slice_text(encoded_word_decode(&r, line))))
      abort();
  }
  if (h.body.at < at || h.body.at + h.body.len != raw.at + raw.len || r.failed)
    abort();
  arena_free(&r.arena);
  return 0;
}
