/* SPDX-License-Identifier: Apache-2.0 */
#include "pace.h"
#include <stdio.h>
#include <stdlib.h>

enum { FEWEST = 5, NAME_MAX_LEN = 32, DAY_MS = 24 * 3600 * 1000 };

struct row {
  char queue[NAME_MAX_LEN + 1];
  long long average_ms, count, at_ms;
};

struct pace {
  struct row *rows;
  size_t count;
};

struct pace *pace_new(void) {
  return must_calloc(1, sizeof(struct pace));
}

void pace_free(struct pace **p) {
  if (!*p)
    return;
  free((*p)->rows);
  free(*p);
  *p = NULL;
}

void pace_read(struct pace *p, const redisReply *reply) {
  if (!reply || reply->type != REDIS_REPLY_ARRAY)
    return;
  p->rows = must_realloc(p->rows, (reply->elements / 2 + 1) * sizeof(*p->rows));
  p->count = 0;
  for (size_t i = 0; i + 1 < reply->elements; i += 2) {
    struct row row = {.count = 0};
    const redisReply *name = reply->element[i], *value = reply->element[i + 1];
    if (name->len > NAME_MAX_LEN || sscanf(value->str, "%lld %lld %lld", &row.average_ms, &row.count, &row.at_ms) != 3)
      continue;
    memcpy(row.queue, name->str, name->len);
    p->rows[p->count++] = row;
  }
}

int64_t pace_of(const struct pace *p, struct slice queue, int64_t now_ms) {
  for (size_t i = 0; i < p->count; i++) {
    const struct row *row = &p->rows[i];
    if (slice_equal(slice_text(row->queue), queue))
      return row->count >= FEWEST && now_ms - row->at_ms < DAY_MS ? row->average_ms : 0;
  }
  return 0;
}
