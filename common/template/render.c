/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "template/clean.h"
#include "template/scan.h"
#include <stdio.h>

/* A text under way. Each value is cleaned once, when it is first asked for. */
struct rendering {
  const struct template_values *values;
  struct slice cleaned[TEMPLATE_VARIABLES];
  bool known[TEMPLATE_VARIABLES];
  struct arena *arena;
  char text[TEMPLATE_TEXT_MAX + 1];
  size_t len;
};

/* 0 (*ret empty when there is no value) or -ENOMEM. */
static int value_of(struct rendering *r, enum template_variable v, struct slice *ret) {
  char room[CLEAN_ROOM];
  if (!r->known[v]) {
    struct slice clean = slice_of(room, clean_value(r->values->of[v], template_about(v)->longest, room));
    char *kept = arena_copy(r->arena, clean);
    if (!kept)
      return -ENOMEM;
    r->cleaned[v] = slice_of(kept, clean.len);
    r->known[v] = true;
  }
  *ret = r->cleaned[v];
  return 0;
}

static int add(struct rendering *r, struct slice s) {
  if (s.len > TEMPLATE_TEXT_MAX - r->len)
    return TEMPLATE_TOO_LONG;
  memcpy(r->text + r->len, s.at, s.len);
  r->len += s.len;
  return 0;
}

static int add_piece(struct rendering *r, const struct piece *p, const char **ret_gap) {
  struct slice value;
  if (p->variable == TEMPLATE_VARIABLES)
    return add(r, p->text);
  int fault = value_of(r, p->variable, &value);
  if (fault)
    return fault;
  if (value.len == 0 && !p->has_default) {
    *ret_gap = template_about(p->variable)->name;
    return TEMPLATE_GAP;
  }
  return add(r, value.len ? value : p->text);
}

int template_render(struct slice source, const struct template_values *v, struct arena *a, char **ret,
                    const char **ret_gap) {
  struct rendering r = {.values = v, .arena = a};
  struct scan s = {.source = source};
  struct piece piece;
  int more, outcome = 0;
  while (outcome == 0 && (more = scan_next(&s, &piece)) != 0)
    outcome = more < 0 ? more : add_piece(&r, &piece, ret_gap);
  if (outcome)
    return outcome;
  char *text = arena_copy(a, slice_of(r.text, r.len));
  if (!text)
    return -ENOMEM;
  *ret = text;
  return 0;
}

/* The line of a place, both from 1; columns in bytes. */
static void line_of(struct slice source, size_t at, unsigned *ret_line, unsigned *ret_column) {
  *ret_line = 1;
  *ret_column = 1;
  for (size_t i = 0; i < at; i++) {
    bool end = source.at[i] == '\n';
    *ret_line += end;
    *ret_column = end ? 1 : *ret_column + 1;
  }
}

int template_check(struct slice source, struct complaint *c) {
  struct scan s = {.source = source};
  struct piece piece;
  size_t fixed = 0;
  int more;
  while ((more = scan_next(&s, &piece)) > 0)
    fixed += piece.variable == TEMPLATE_VARIABLES ? piece.text.len : 0;
  if (more < 0) {
    unsigned line, column;
    line_of(source, s.at, &line, &column);
    return complain(c, "", line, column, "%s", s.why);
  }
  if (fixed > TEMPLATE_TEXT_MAX)
    return complain(c, "", 1, 1, "%zu bytes without the variables; at most %d are sent", fixed, TEMPLATE_TEXT_MAX);
  return 0;
}
