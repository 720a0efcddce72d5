/* SPDX-License-Identifier: Apache-2.0 */
#include "text/lines_diff.h"
#include <stdlib.h>

#define AROUND 3 /* lines that are the same, before and behind what changed */

struct lines {
  struct slice *at;        /* each with its line end */
  bool *changed;           /* is not in the other text */
  size_t count;
};

static struct lines lines_of(struct slice text) {
  size_t count = 0;
  for (size_t i = 0; i < text.len; i++)
    count += text.at[i] == '\n' || i + 1 == text.len;
  struct lines l = {must_calloc(count + 1, sizeof(*l.at)), must_calloc(count + 1, sizeof(*l.changed)), count};
  size_t begin = 0, n = 0;
  for (size_t i = 0; i < text.len; i++)
    if (text.at[i] == '\n' || i + 1 == text.len) {
      l.at[n++] = slice_of(text.at + begin, i + 1 - begin);
      begin = i + 1;
    }
  return l;
}

static void lines_free(struct lines *l) {
  free(l->at);
  free(l->changed);
}

/* ---- what changed: the middle of both, behind what they begin with alike */

struct middle {
  struct lines *old, *new;
  size_t begin, old_count, new_count;
};

static bool same(const struct middle *m, long x, long y) {
  return slice_equal(m->old->at[m->begin + (size_t)x], m->new->at[m->begin + (size_t)y]);
}

static void all_changed(const struct middle *m) {
  memset(m->old->changed + m->begin, true, m->old_count);
  memset(m->new->changed + m->begin, true, m->new_count);
}

/* How far the diagonal k = x - y is reached with one change more; v[k] of one less. */
static long step(const long *v, long k, long d) {
  bool down = k == -d || (k != d && v[k - 1] < v[k + 1]);
  return down ? v[k + 1] : v[k - 1] + 1;
}

/* From the end back: each step is one changed line. `reached[d]` has its middle at d. */
static void walk_back(const struct middle *m, long **reached, long d) {
  long x = (long)m->old_count, y = (long)m->new_count;
  for (; d > 0; d--) {
    const long *v = reached[d - 1] + (d - 1);
    long k = x - y;
    bool down = k == -d || (k != d && v[k - 1] < v[k + 1]);
    long from = down ? v[k + 1] : v[k - 1];
    if (down)
      m->new->changed[m->begin + (size_t)(from - (k + 1))] = true;
    else
      m->old->changed[m->begin + (size_t)from] = true;
    x = from;
    y = down ? from - (k + 1) : from - (k - 1);
  }
}

/* All diagonals after d changes, from -d to d. True: both ends are reached. */
static bool reach(const struct middle *m, const long *before, long d, long *ret) {
  long width = (long)m->old_count, height = (long)m->new_count;
  for (long k = -d; k <= d; k += 2) {
    long x = d == 0 ? 0 : step(before, k, d), y = x - k;
    while (x < width && y < height && same(m, x, y)) {
      x++;
      y++;
    }
    ret[k] = x;
    if (x >= width && y >= height)
      return true;
  }
  return false;
}

static void find_changes(const struct middle *m) {
  long **reached = must_calloc(LINES_DIFF_MOST + 1, sizeof(*reached));
  bool found = false;
  for (long d = 0; d <= LINES_DIFF_MOST && !found; d++) {
    reached[d] = must_calloc((size_t)(2 * d + 1), sizeof(**reached));
    found = reach(m, d ? reached[d - 1] + (d - 1) : NULL, d, reached[d] + d);
    if (found)
      walk_back(m, reached, d);
  }
  if (!found)
    all_changed(m);
  for (long d = 0; d <= LINES_DIFF_MOST; d++)
    free(reached[d]);
  free(reached);
}

static void compare(struct lines *old, struct lines *new) {
  size_t begin = 0, end = 0, shorter = old->count < new->count ? old->count : new->count;
  while (begin < shorter && slice_equal(old->at[begin], new->at[begin]))
    begin++;
  while (begin + end < shorter && slice_equal(old->at[old->count - 1 - end], new->at[new->count - 1 - end]))
    end++;
  find_changes(&(struct middle){old, new, begin, old->count - begin - end, new->count - begin - end});
}

/* ---- as text */

static void add_line(struct buf *b, char mark, struct slice line) {
  buf_add_char(b, mark);
  buf_add_slice(b, line);
  if (line.at[line.len - 1] != '\n')
    buf_add_text(b, "\n\\ No newline at end of file\n");
}

/* "12,3": from line 12 three of them; of none the line before. */
static void add_range(struct buf *b, char mark, size_t from, size_t count) {
  buf_printf(b, " %c%zu", mark, count ? from + 1 : from);
  if (count != 1)
    buf_printf(b, ",%zu", count);
}

/* A run of lines with changes in it, in both texts. */
struct hunk {
  size_t old, new, old_count, new_count;
};

/* Goes on behind (*old, *new) over one line, or one of each; false at the end of both. */
static bool next_line(const struct lines *old, const struct lines *new, size_t *o, size_t *n) {
  if (*o < old->count && old->changed[*o])
    (*o)++;
  else if (*n < new->count && new->changed[*n])
    (*n)++;
  else if (*o < old->count && *n < new->count) {
    (*o)++;
    (*n)++;
  } else {
    return false;
  }
  return true;
}

/* The next run of changes that stand at most 2 * AROUND lines from each other, with lines around it. */
static bool next_hunk(const struct lines *old, const struct lines *new, size_t o, size_t n, struct hunk *ret) {
  size_t since = 0, first_o = o, first_n = n, last_o = o, last_n = n;
  bool any = false;
  while (!any || since <= 2 * AROUND) {
    size_t was_o = o, was_n = n;
    if (!next_line(old, new, &o, &n))
      break;
    bool alike = o > was_o && n > was_n;
    if (!alike && !any) {
      first_o = was_o;
      first_n = was_n;
      any = true;
    }
    since = alike ? since + 1 : 0;
    if (!alike) {
      last_o = o;
      last_n = n;
    }
  }
  size_t before = first_o < AROUND ? first_o : AROUND, left = old->count - last_o;
  size_t behind = left < AROUND ? left : AROUND;
  *ret = (struct hunk){first_o - before, first_n - before, last_o + behind - (first_o - before),
                       last_n + behind - (first_n - before)};
  return any;
}

static void add_hunk(const struct lines *old, const struct lines *new, const struct hunk *h, struct buf *b) {
  size_t o = h->old, n = h->new;
  buf_add_text(b, "@@");
  add_range(b, '-', h->old, h->old_count);
  add_range(b, '+', h->new, h->new_count);
  buf_add_text(b, " @@\n");
  while (o < h->old + h->old_count || n < h->new + h->new_count) {
    size_t was_o = o, was_n = n;
    if (!next_line(old, new, &o, &n))
      break;
    if (n == was_n)
      add_line(b, '-', old->at[was_o]);
    else
      add_line(b, o == was_o ? '+' : ' ', new->at[was_n]);
  }
}

int lines_diff(struct slice old_text, const char *old_name, struct slice new_text, const char *new_name,
               struct buf *ret) {
  struct lines old = lines_of(old_text), new = lines_of(new_text);
  struct hunk h = {0};
  compare(&old, &new);
  for (bool first = true; next_hunk(&old, &new, h.old + h.old_count, h.new + h.new_count, &h); first = false) {
    if (first)
      buf_printf(ret, "--- %s\n+++ %s\n", old_name, new_name);
    add_hunk(&old, &new, &h, ret);
  }
  lines_free(&old);
  lines_free(&new);
  return ret->full ? BUF_FULL : 0;
}
