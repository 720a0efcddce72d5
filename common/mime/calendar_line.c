/* SPDX-License-Identifier: Apache-2.0 */
/* Folding cuts between any two bytes, so lines are joined before anything is made of them. A line without a colon is
 * the rest of the one before: some senders forget the blank. */
#include "mime/calendar_line.h"

void calendar_scan_start(struct calendar_scan *s, struct slice bytes) {
  s->lines = (struct lines){.rest = bytes};
  s->has_next = lines_next(&s->lines, &s->next);
}

static bool is_folded(struct slice line) {
  return line.len && (line.at[0] == ' ' || line.at[0] == '\t');
}

/* A property that is folded before its colon is none of those. */
static bool goes_on(const struct calendar_scan *s) {
  struct lines ahead = s->lines;
  struct slice behind;
  if (is_folded(s->next))
    return true;
  if (!s->next.len || memchr(s->next.at, ':', s->next.len))
    return false;
  return !lines_next(&ahead, &behind) || !is_folded(behind);
}

static size_t append(char *to, size_t len, struct slice more) {
  size_t room = CALENDAR_LINE_MAX - len, count = more.len < room ? more.len : room;
  if (count)
    memcpy(to + len, more.at, count);
  return len + count;
}

/* Up to a colon outside quotes. */
static size_t name_end(struct slice line) {
  bool quoted = false;
  for (size_t i = 0; i < line.len; i++) {
    quoted ^= line.at[i] == '"';
    if (line.at[i] == ':' && !quoted)
      return i;
  }
  const char *colon = memchr(line.at, ':', line.len); /* a quote that is never closed */
  return colon ? (size_t)(colon - line.at) : line.len;
}

bool calendar_scan_next(struct calendar_scan *s, struct calendar_line *ret) {
  if (!s->has_next)
    return false;
  size_t len = append(s->joined, 0, s->next);
  while ((s->has_next = lines_next(&s->lines, &s->next)) && goes_on(s)) {
    bool blank = is_folded(s->next);
    len = append(s->joined, len, slice_of(s->next.at + blank, s->next.len - blank));
  }
  struct slice line = slice_of(s->joined, len);
  size_t colon = name_end(line), name = 0;
  while (name < colon && line.at[name] != ';')
    name++;
  ret->name = slice_trim(slice_of(line.at, name));
  ret->parameters = slice_of(line.at + name, colon - name);
  ret->value = colon < line.len ? slice_of(line.at + colon + 1, line.len - colon - 1) : slice_of("", 0);
  return true;
}

struct slice calendar_parameter(const struct calendar_line *line, const char *name) {
  struct slice rest = line->parameters, wanted = slice_text(name);
  while (rest.len) {
    rest = slice_of(rest.at + 1, rest.len - 1); /* the semicolon */
    size_t end = 0, equals = rest.len;
    for (bool quoted = false; end < rest.len && (quoted || rest.at[end] != ';'); end++) {
      quoted ^= rest.at[end] == '"';
      if (rest.at[end] == '=' && equals == rest.len)
        equals = end;
    }
    if (equals < end && slice_equal_nocase(slice_trim(slice_of(rest.at, equals)), wanted)) {
      struct slice value = slice_trim(slice_of(rest.at + equals + 1, end - equals - 1));
      if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
        value = slice_of(value.at + 1, value.len - 2);
      return value;
    }
    rest = slice_of(rest.at + end, rest.len - end);
  }
  return slice_of("", 0);
}

bool calendar_is(const struct calendar_line *line, const char *name) {
  return slice_equal_nocase(line->name, slice_text(name));
}
