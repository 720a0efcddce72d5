/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slice.h"

static char fold(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool slice_starts_nocase(struct slice s, struct slice prefix) {
  if (s.len < prefix.len)
    return false;
  for (size_t i = 0; i < prefix.len; i++)
    if (fold(s.at[i]) != fold(prefix.at[i]))
      return false;
  return true;
}

bool slice_equal_nocase(struct slice a, struct slice b) {
  return a.len == b.len && slice_starts_nocase(a, b);
}

static bool blank(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}

struct slice slice_trim(struct slice s) {
  while (s.len && blank(s.at[0])) {
    s.at++;
    s.len--;
  }
  while (s.len && blank(s.at[s.len - 1]))
    s.len--;
  return s;
}

bool slice_split(struct slice *s, char sep, struct slice *ret_head) {
  if (!s->at)
    return false;
  const char *hit = s->len ? memchr(s->at, sep, s->len) : NULL;
  if (!hit) {
    *ret_head = *s;
    *s = (struct slice){NULL, 0};
    return true;
  }
  size_t head = (size_t)(hit - s->at);
  *ret_head = slice_of(s->at, head);
  *s = slice_of(hit + 1, s->len - head - 1);
  return true;
}

bool slice_lists(struct slice list, char sep, struct slice one) {
  struct slice entry;
  while (list.len && slice_split(&list, sep, &entry))
    if (slice_equal(entry, one))
      return true;
  return false;
}

int slice_to_u64(struct slice s, uint64_t max, uint64_t *ret) {
  uint64_t value = 0;
  if (s.len == 0)
    return -EINVAL;
  for (size_t i = 0; i < s.len; i++) {
    if (s.at[i] < '0' || s.at[i] > '9')
      return -EINVAL;
    unsigned digit = (unsigned)(s.at[i] - '0');
    if (value > (UINT64_MAX - digit) / 10 || (value = value * 10 + digit) > max)
      return -ERANGE;
  }
  *ret = value;
  return 0;
}
