/* SPDX-License-Identifier: Apache-2.0 */
/* What to say about an unknown key: the operator wants to read the right word, not the manual. */
#include "config/document.h"
#include <stdio.h>

#define NAME_MAX_LEN 48

static size_t least_of(size_t a, size_t b, size_t c) {
  size_t ab = a < b ? a : b;
  return ab < c ? ab : c;
}

/* Edits (insert, drop, replace, swap of neighbours) from a to b; both are short. */
static size_t distance(struct slice a, struct slice b) {
  size_t row[3][NAME_MAX_LEN + 1];
  if (a.len > NAME_MAX_LEN || b.len > NAME_MAX_LEN)
    return NAME_MAX_LEN;
  for (size_t j = 0; j <= b.len; j++)
    row[0][j] = j;
  for (size_t i = 1; i <= a.len; i++) {
    size_t *now = row[i % 3], *before = row[(i - 1) % 3], *earlier = row[(i + 1) % 3];
    now[0] = i;
    for (size_t j = 1; j <= b.len; j++) {
      now[j] = least_of(before[j] + 1, now[j - 1] + 1, before[j - 1] + (a.at[i - 1] != b.at[j - 1]));
      if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1] && earlier[j - 2] + 1 < now[j])
        now[j] = earlier[j - 2] + 1;
    }
  }
  return row[a.len % 3][b.len];
}

/* Units belong to the value here, so "keep_ms" means "keep". */
static struct slice without_unit(struct slice s) {
  static const char *const suffixes[] = {"_ms", "_bytes", "_seconds", "_sec", "_s"};
  for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
    size_t len = strlen(suffixes[i]);
    if (s.len > len && memcmp(s.at + s.len - len, suffixes[i], len) == 0)
      return slice_of(s.at, s.len - len);
  }
  return s;
}

const char *nearest_name(struct slice text, const char *const *allowed, size_t count) {
  const char *best = NULL;
  size_t best_distance = text.len > 8 ? 3 : 2;
  struct slice bare = without_unit(text);
  for (size_t i = 0; i < count; i++) {
    if (slice_equal(bare, slice_text(allowed[i])))
      return allowed[i];
    size_t d = distance(text, slice_text(allowed[i]));
    if (d < strlen(allowed[i]) && d < text.len && (best ? d < best_distance : d <= best_distance)) {
      best = allowed[i];
      best_distance = d;
    }
  }
  return best;
}

int document_unknown_key(const struct document *d, const struct node *key, const char *where,
                         const char *const *allowed, size_t count) {
  char shown[SHOWN_MAX], list[400] = "";
  size_t used = 0;
  for (size_t i = 0; i < count && used < sizeof(list); i++)
    used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", allowed[i]);
  const char *near = nearest_name(key->text, allowed, count);
  return document_complain(d, key, "unknown key '%s' in %s; %s%s%sallowed: %s", slice_shown(key->text, shown), where,
                           near ? "did you mean '" : "", near ? near : "", near ? "'? " : "", list);
}
