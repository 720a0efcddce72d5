/* SPDX-License-Identifier: Apache-2.0 */
/* winmail.dat, compressed RTF, RTF, opaque signatures, uuencode and yEnc: what is lent lies inside what was given, what
 * is made stays within its bound. */
#include "mime/charset_set.h"
#include "mime/inline_file.h"
#include "mime/lzfu.h"
#include "mime/rtf.h"
#include "mime/smime.h"
#include "mime/tnef.h"
#include <stdlib.h>

enum { MOST = 64 * 1024 };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  (void)argc, (void)argv;
  charset_open_all();
  return 0;
}

static void look_at_tnef(struct reading *r, struct slice bytes) {
  struct tnef t;
  if (!tnef_read(r, bytes, MOST, &t))
    return;
  if (t.file_count > TNEF_FILES_MAX || t.text.len > 3 * MOST + 64 || t.html.len > 3 * MOST + 64)
    abort();
  for (size_t i = 0; i < t.file_count; i++) {
    struct slice file = t.files[i].bytes;
    if (file.len && (file.at < bytes.at || file.at + file.len > bytes.at + bytes.len))
      abort();
    if (!t.files[i].name || !t.files[i].type || !t.files[i].content_id)
      abort();
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct reading r = {.arena = arena_new(64 * 1024, 64 * 1024 * 1024)};
  struct mail_body body = {.text = {"", 0}};
  struct slice bytes = slice_of(data, size), out;
  bool html;
  look_at_tnef(&r, bytes);
  if (smime_open(&r, bytes, &out) == SMIME_SIGNED && (out.len == 0 || out.len > size))
    abort();
  if (lzfu_read(&r, bytes, MOST, &out)) {
    if (out.len > MOST || out.len > 9 * size)
      abort();
    rtf_read(&r, out, 1252, MOST, &html);
  }
  if (rtf_read(&r, bytes, 932, MOST, &html).len > MOST)
    abort();
  if (inline_files_take(&r, bytes, SLICE("utf-8"), &body).len > size || r.failed)
    abort();
  arena_free(&r.arena);
  return 0;
}
