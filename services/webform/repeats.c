/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of four by the submission's own bits, which are of a SHA-256 and need no mixing; the oldest makes room. */
#include "repeats.h"
#include <stdlib.h>

#define WAYS 4
#define SETS 4096

struct entry {
  struct event_id submission, event;
  uint64_t turn;               /* 0: free */
  uint32_t under_way;
  bool durable;
};

struct repeats {
  uint64_t turn;
  struct entry entries[SETS * WAYS];
};

struct repeats *repeats_new(void) {
  return must_calloc(1, sizeof(struct repeats));
}

void repeats_free(struct repeats **r) {
  if (!r || !*r)
    return;
  free(*r);
  *r = NULL;
}

static bool same(const struct event_id *a, const struct event_id *b) {
  return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static size_t set_of(const struct event_id *submission) {
  return (size_t)((submission->bytes[0] | (unsigned)submission->bytes[1] << 8) % SETS) * WAYS;
}

static struct entry *find(const struct repeats *r, const struct event_id *submission) {
  const struct entry *set = &r->entries[set_of(submission)];
  for (size_t i = 0; i < WAYS; i++) {
    if (set[i].turn && same(&set[i].submission, submission))
      return (struct entry *)&set[i];
  }
  return NULL;
}

enum repeat repeats_look(const struct repeats *r, const struct event_id *submission, const struct event_id *event,
                         struct event_id *ret_event) {
  const struct entry *e = find(r, submission);
  if (!e)
    return REPEAT_NEW;
  if (same(&e->event, event))
    return e->durable ? REPEAT_TAKEN : REPEAT_UNDER_WAY;
  if (ret_event)
    *ret_event = e->event;
  return REPEAT_OTHER;
}

void repeats_begin(struct repeats *r, const struct event_id *submission, const struct event_id *event) {
  struct entry *e = find(r, submission);
  if (!e) {
    struct entry *set = &r->entries[set_of(submission)];
    e = set;
    for (size_t i = 1; i < WAYS; i++) {
      if (set[i].turn < e->turn)
        e = &set[i];
    }
    *e = (struct entry){.submission = *submission, .event = *event};
  }
  e->turn = ++r->turn;
  e->under_way++;
}

void repeats_end(struct repeats *r, const struct event_id *submission, const struct event_id *event, bool durable) {
  struct entry *e = find(r, submission);
  if (!e || !same(&e->event, event))
    return; /* fell out meanwhile */
  e->durable |= durable;
  if (e->under_way > 0)
    e->under_way--;
  if (!e->durable && e->under_way == 0)
    e->turn = 0;
}
