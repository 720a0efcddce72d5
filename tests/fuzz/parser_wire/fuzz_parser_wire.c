/* SPDX-License-Identifier: Apache-2.0 */
/* What a parser that was taken over by a mail may write to its parent: read in pieces, and each event looked at. */
#include "parser_wire.h"
#include "verify_answer.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct wire_reader *r, struct arena *a) {
  const struct mail_record record = {.channel = SLICE("mail"), .original.size = 5};
  const struct blob_ref blobs[2] = {{.size = 1}, {.size = 2}};
  const char *why = NULL;
  assert(r->bytes.len <= EVENT_MAX_BYTES);
  if (!answer_believable(r->bytes, &r->id, &record, blobs, 2, a, &why))
    assert(why);
  arena_reset(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2)
    return 0;
  struct wire_reader r = {0};
  struct arena *a = arena_new(4096, 1 << 20);
  struct slice in = slice_of(data + 1, size - 1);
  const size_t most = 1 + data[0];
  enum wire_step step = WIRE_MORE;
  uint64_t left = 0;
  while (in.len && step != WIRE_BROKEN) {
    size_t len = in.len < most ? in.len : most;
    char *piece = malloc(len);
    memcpy(piece, in.at, len);
    struct slice bytes = slice_of(piece, len);
    while ((step = wire_next(&r, &bytes)) != WIRE_MORE && step != WIRE_BROKEN) {
      if (step == WIRE_BLOB_BEGIN)
        left = r.length;
      if (step == WIRE_BLOB_RUN) {
        assert(r.bytes.len && r.bytes.len <= left);
        left -= r.bytes.len;
      }
      if (step == WIRE_BLOB_END)
        assert(left == 0);
      if (step == WIRE_EVENT)
        look(&r, a);
    }
    free(piece);
    in = slice_of(in.at + len, in.len - len);
  }
  wire_reader_free(&r);
  arena_free(&a);
  return 0;
}
