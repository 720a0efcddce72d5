/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/entry.h"

#define US '\x1f'
#define RS '\x1e'

void split_parts(struct slice text, char sep, struct slice *ret, size_t count) {
  for (size_t i = 0; i < count; i++)
    ret[i] = SLICE("");
  struct slice rest = text;
  for (size_t i = 0; i < count && slice_split(&rest, sep, &ret[i]); i++)
    continue;
}

bool entry_read(const redisReply *reply, struct entry *ret) {
  if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 || reply->element[0]->type != REDIS_REPLY_STRING ||
      reply->element[1]->type != REDIS_REPLY_ARRAY)
    return false;
  struct entry e = {.cursor = reply->element[0]->str, .type = SLICE(""), .event = SLICE("")};
  const redisReply *fields = reply->element[1];
  struct slice meta = SLICE("");
  for (size_t i = 0; i + 1 < fields->elements; i += 2) {
    struct slice name = slice_of(fields->element[i]->str, fields->element[i]->len);
    struct slice value = slice_of(fields->element[i + 1]->str, fields->element[i + 1]->len);
    if (slice_equal(name, SLICE("type")))
      e.type = value;
    else if (slice_equal(name, SLICE("meta")))
      meta = value;
    else if (slice_equal(name, SLICE("event")))
      e.event = value;
  }
  split_parts(meta, US, e.meta, META_COUNT);
  *ret = e;
  return e.type.len > 0;
}

void entry_context_parts(const struct entry *e, struct slice ret[CONTEXT_COUNT]) {
  split_parts(e->meta[META_CONTEXT], RS, ret, CONTEXT_COUNT);
}
