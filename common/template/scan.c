/* SPDX-License-Identifier: Apache-2.0 */
/* Every byte is looked at once or twice: braces are searched from where the last piece ended, and only on one line. */
#include "template/scan.h"
#include "config/document.h"
#include <stdio.h>

#define OPEN SLICE("{{")
#define CLOSE "}}"
#define LITERAL SLICE("{{{{")

static bool begins(struct slice s, struct slice with) {
  return s.len >= with.len && memcmp(s.at, with.at, with.len) == 0;
}

static size_t find(struct slice s, struct slice what) {
  const char *at = s.len ? memmem(s.at, s.len, what.at, what.len) : NULL;
  return at ? (size_t)(at - s.at) : s.len;
}

static struct slice until(struct slice s, size_t end) {
  return slice_of(s.at, end);
}

static struct slice from(struct slice s, size_t at) {
  return slice_of(s.at + at, s.len - at);
}

static int unknown(struct scan *s, struct slice name) {
  const char *names[TEMPLATE_VARIABLES];
  char shown[SHOWN_MAX];
  for (unsigned v = 0; v < TEMPLATE_VARIABLES; v++)
    names[v] = template_about((enum template_variable)v)->name;
  const char *near = nearest_name(name, names, TEMPLATE_VARIABLES);
  int len = snprintf(s->why, sizeof(s->why), "there is no variable '%s'", slice_shown(name, shown));
  if (near)
    snprintf(s->why + len, sizeof(s->why) - (size_t)len, "; did you mean '%s'?", near);
  return -EINVAL;
}

static int wrong(struct scan *s, const char *why) {
  snprintf(s->why, sizeof(s->why), "%s", why);
  return -EINVAL;
}

/* Where the braces close; the end of the line when they do not. */
static size_t find_close(struct slice s) {
  size_t at = 0;
  while (at + 1 < s.len && s.at[at] != '\n' && memcmp(s.at + at, CLOSE, 2) != 0)
    at++;
  return at;
}

/* "{{name}}" or "{{name|default}}" at s->at, where braces open. */
static int variable(struct scan *s, struct piece *ret) {
  struct slice rest = from(s->source, s->at + OPEN.len);
  size_t end = find_close(rest);
  if (end + 1 >= rest.len || rest.at[end] == '\n')
    return wrong(s, "'{{' without '}}' on the same line; two braces as such are written '{{{{'");
  struct slice inside = until(rest, end), name = slice_trim(until(inside, find(inside, SLICE("|"))));
  if (find(inside, OPEN) < inside.len)
    return wrong(s, "'{{' inside of '{{ }}': a default is only text");
  if (name.len == 0)
    return wrong(s, "'{{ }}' without the name of a variable");
  ret->variable = template_variable_named(name);
  if (ret->variable == TEMPLATE_VARIABLES)
    return unknown(s, name);
  size_t bar = find(inside, SLICE("|"));
  ret->has_default = bar < inside.len;
  ret->text = ret->has_default ? slice_trim(from(inside, bar + 1)) : slice_of("", 0);
  s->at += OPEN.len + end + strlen(CLOSE);
  return SCAN_PIECE;
}

int scan_next(struct scan *s, struct piece *ret) {
  struct slice rest = from(s->source, s->at);
  *ret = (struct piece){.variable = TEMPLATE_VARIABLES};
  if (rest.len == 0)
    return 0;
  if (begins(rest, LITERAL)) {
    ret->text = OPEN;
    s->at += LITERAL.len;
    return SCAN_PIECE;
  }
  if (begins(rest, OPEN))
    return variable(s, ret);
  ret->text = until(rest, find(rest, OPEN));
  s->at += ret->text.len;
  return SCAN_PIECE;
}
