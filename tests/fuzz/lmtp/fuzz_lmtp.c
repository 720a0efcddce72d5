/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a sender says: no crash, the replies do not pile up, content is what the limit allows, and how the bytes are
 * cut means nothing. The first byte chooses where they are cut. */
#include "lmtp_dialogue.h"
#include "base/id.h"
#include <stdlib.h>

static const struct lmtp_limits limits = {.max_size = 5000, .max_recipients = 5, .command_max = 1024};

struct outcome {
  uint64_t replies, content; /* hashes */
  size_t messages;
};

static uint64_t mix(uint64_t hash, struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    hash = (hash ^ (unsigned char)s.at[i]) * 0x100000001b3u;
  return hash;
}

static void take_output(struct lmtp *l, struct outcome *o) {
  struct buf *output = lmtp_output(l);
  assert(!output->full);
  o->replies = mix(o->replies, buf_slice(output));
  buf_clear(output);
}

static void on_message(struct lmtp *l, struct outcome *o) {
  const struct lmtp_message *m = lmtp_message(l);
  static const struct lmtp_result results[2] = {{LMTP_ACCEPTED, 1}, {LMTP_NO_ROOM, 0}};
  assert(m->size <= limits.max_size && m->recipients >= 1 && m->recipients <= limits.max_recipients);
  assert(m->sender.path.len <= LMTP_PATH_MAX);
  o->content = mix(o->content, m->sender.path) + m->bare_line_end;
  o->messages++;
  lmtp_answer_message(l, results, 2);
}

/* Returns whether it is closed. */
static bool give(struct lmtp *l, struct slice bytes, struct outcome *o) {
  for (;;) {
    struct slice content;
    switch (lmtp_next(l, &bytes, &content)) {
    case LMTP_MORE:
      assert(!bytes.len);
      take_output(l, o);
      return false;
    case LMTP_CLOSE:
      take_output(l, o);
      return true;
    case LMTP_WRITE_FIRST:
      take_output(l, o);
      break;
    case LMTP_RECIPIENT: {
      struct slice path = lmtp_path(l);
      assert(path.len > 0 && path.len <= LMTP_PATH_MAX);
      lmtp_answer_recipient(l, path.at[0] == 'n' ? LMTP_UNKNOWN_MAILBOX : LMTP_ACCEPTED, path.at[0] & 1);
      break;
    }
    case LMTP_DATA:
      lmtp_answer_data(l, LMTP_ACCEPTED);
      break;
    case LMTP_CONTENT:
      assert(content.len > 0);
      o->content = mix(o->content, content);
      break;
    case LMTP_DISCARD:
      o->content = 1; /* how much came before it depends on the cuts */
      break;
    case LMTP_MESSAGE:
      on_message(l, o);
      break;
    case LMTP_MAIL:
      break;
    case LMTP_WAIT:
      abort();
    }
  }
}

static struct outcome play(struct slice in, unsigned chance, bool cut) {
  struct outcome o = {0};
  struct lmtp *l = lmtp_new(&limits, "here");
  for (bool closed = false; in.len && !closed;) {
    size_t len = cut ? 1 + (chance = chance * 1103515245u + 12345u) / 65536 % 7 : in.len;
    if (len > in.len)
      len = in.len;
    char *piece = malloc(len);
    memcpy(piece, in.at, len);
    closed = give(l, slice_of(piece, len), &o);
    free(piece);
    in = slice_of(in.at + len, in.len - len);
  }
  lmtp_free(&l);
  return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  struct slice in = slice_of(data + 1, size - 1);
  struct outcome whole = play(in, 0, false), pieces = play(in, data[0], true);
  assert(whole.messages == pieces.messages && whole.replies == pieces.replies);
  assert(whole.content == pieces.content);
  return 0;
}
