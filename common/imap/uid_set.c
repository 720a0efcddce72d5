/* SPDX-License-Identifier: Apache-2.0 */
#include "imap/uid_set.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Room for one more, ceiling or not. */
static int make_room(struct uid_set *s) {
  if (s->count == s->max) {
    s->full = true;
    return UID_SET_FULL;
  }
  if (s->count == s->room) {
    s->room = s->room ? s->room * 2 : 8;
    if (s->room > s->max)
      s->room = s->max;
    s->ranges = must_realloc(s->ranges, s->room * sizeof(*s->ranges));
  }
  return 0;
}

/* The first range that does not end before `uid`; `count` when there is none. */
static size_t find(const struct uid_set *s, uint32_t uid) {
  size_t low = 0, high = s->count;
  if (high && s->ranges[high - 1].last < uid)
    return high;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (s->ranges[middle].last < uid)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void drop(struct uid_set *s, size_t from, size_t to) {
  if (to == from)
    return;
  memmove(s->ranges + from, s->ranges + to, (s->count - to) * sizeof(*s->ranges));
  s->count -= to - from;
}

static int insert(struct uid_set *s, size_t at, struct uid_range range) {
  if (make_room(s))
    return UID_SET_FULL;
  memmove(s->ranges + at + 1, s->ranges + at, (s->count - at) * sizeof(*s->ranges));
  s->ranges[at] = range;
  s->count++;
  return 0;
}

static void swap_if_backwards(uint32_t *first, uint32_t *last) {
  if (*first <= *last)
    return;
  uint32_t kept = *first;
  *first = *last;
  *last = kept;
}

int uid_set_add(struct uid_set *s, uint32_t first, uint32_t last) {
  swap_if_backwards(&first, &last);
  if (first == 0)
    first = 1;
  if (last == 0)
    return 0;
  /* All from `at` to before `end` overlap or touch it. */
  size_t at = find(s, first > 1 ? first - 1 : first), end = at;
  while (end < s->count && (last == UID_LAST || s->ranges[end].first <= last + 1))
    end++;
  if (end == at)
    return insert(s, at, (struct uid_range){first, last});
  if (s->ranges[at].first > first)
    s->ranges[at].first = first;
  if (s->ranges[end - 1].last > last)
    last = s->ranges[end - 1].last;
  s->ranges[at].last = last;
  drop(s, at + 1, end);
  return 0;
}

int uid_set_remove(struct uid_set *s, uint32_t first, uint32_t last) {
  swap_if_backwards(&first, &last);
  size_t at = find(s, first);
  if (at == s->count)
    return 0;
  struct uid_range *r = &s->ranges[at];
  if (r->first < first && r->last > last) {
    const struct uid_range behind = {last + 1, r->last};
    if (insert(s, at + 1, behind))
      return UID_SET_FULL;
    s->ranges[at].last = first - 1;
    return 0;
  }
  if (r->first < first) {
    r->last = first - 1;
    at++;
  }
  size_t end = at;
  while (end < s->count && s->ranges[end].last <= last)
    end++;
  if (end < s->count && s->ranges[end].first <= last)
    s->ranges[end].first = last + 1;
  drop(s, at, end);
  return 0;
}

bool uid_set_has(const struct uid_set *s, uint32_t uid) {
  size_t at = find(s, uid);
  return at < s->count && s->ranges[at].first <= uid;
}

uint64_t uid_set_total(const struct uid_set *s) {
  uint64_t total = 0;
  for (size_t i = 0; i < s->count; i++)
    total += (uint64_t)s->ranges[i].last - s->ranges[i].first + 1;
  return total;
}

void uid_set_clear(struct uid_set *s) {
  s->count = 0;
  s->full = false;
}

void uid_set_free(struct uid_set *s) {
  free(s->ranges);
  *s = UID_SET_INIT(s->max);
}

/* Many in any order */

static int by_first(const void *a, const void *b) {
  const struct uid_range *x = a, *y = b;
  return x->first < y->first ? -1 : x->first > y->first;
}

void uid_set_settle(struct uid_set *s) {
  size_t kept = 0;
  if (s->count > 1)
    qsort(s->ranges, s->count, sizeof(*s->ranges), by_first);
  for (size_t i = 1; i < s->count; i++) {
    struct uid_range *into = &s->ranges[kept];
    if (into->last == UID_LAST || s->ranges[i].first <= into->last + 1) {
      if (s->ranges[i].last > into->last)
        into->last = s->ranges[i].last;
    } else {
      s->ranges[++kept] = s->ranges[i];
    }
  }
  if (s->count)
    s->count = kept + 1;
}

int uid_set_collect(struct uid_set *s, uint32_t first, uint32_t last) {
  swap_if_backwards(&first, &last);
  if (last == 0)
    return 0;
  if (first == 0)
    first = 1;
  struct uid_range *end = s->count ? &s->ranges[s->count - 1] : NULL;
  if (end && end->last < UID_LAST && first == end->last + 1) {
    end->last = last;
    return 0;
  }
  if (end && last == end->first - 1) {
    end->first = first;
    return 0;
  }
  if (s->count == s->max && !s->full) {
    uid_set_settle(s);
    s->full = s->count > s->max / 4 * 3; /* not again for a handful: the work stays n log n */
  }
  if (s->full || make_room(s))
    return UID_SET_FULL;
  s->ranges[s->count++] = (struct uid_range){first, last};
  return 0;
}

/* Text */

uint64_t uid_set_write(struct uid_range **ranges, size_t *count, size_t bytes_max, uint64_t uids_max,
                       struct buf *ret_text, struct uid_set *ret_written) {
  uint64_t written = 0;
  size_t bytes = 0;
  while (*count && written < uids_max) {
    struct uid_range *r = *ranges;
    char text[32];
    uint32_t last = r->last;
    if ((uint64_t)last - r->first >= uids_max - written)
      last = (uint32_t)(r->first + (uids_max - written) - 1);
    int len = snprintf(text, sizeof(text), "%s%" PRIu32, bytes ? "," : "", r->first);
    if (last > r->first)
      len += snprintf(text + len, sizeof(text) - (size_t)len, ":%" PRIu32, last);
    if (bytes + (size_t)len > bytes_max || buf_add(ret_text, text, (size_t)len))
      break;
    if (ret_written)
      uid_set_add(ret_written, r->first, last);
    bytes += (size_t)len;
    written += (uint64_t)last - r->first + 1;
    if (last < r->last) {
      r->first = last + 1;
      continue;
    }
    ++*ranges;
    --*count;
  }
  return written;
}
