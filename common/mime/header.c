/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that decides where the header ends, so that the digest, the event and the parts agree on it. */
#include "mime/header.h"

enum { NAME_MAX_LEN = 128 };

bool lines_next(struct lines *l, struct slice *ret) {
  if (l->rest.len == 0)
    return false;
  const char *at = l->rest.at, *end = at + l->rest.len;
  if (!l->lf_known || (l->next_lf && l->next_lf < at)) {
    l->next_lf = memchr(at, '\n', l->rest.len);
    l->lf_known = true;
  }
  const char *stop = l->next_lf ? l->next_lf : end;
  const char *cr = stop > at ? memchr(at, '\r', (size_t)(stop - at)) : NULL;
  const char *line_end = cr ? cr : stop;
  const char *next = line_end;
  if (next < end && *next == '\r')
    next++;
  if (next < end && *next == '\n')
    next++;
  *ret = slice_of(at, (size_t)(line_end - at));
  l->rest = slice_of(next, (size_t)(end - next));
  return true;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

/* The length of the name at the start of a field's line, 0 when it is none. */
static size_t name_length(struct slice line, size_t *ret_colon) {
  size_t len = 0;
  while (len < line.len && len < NAME_MAX_LEN && line.at[len] > ' ' && line.at[len] < 0x7F && line.at[len] != ':')
    len++;
  size_t colon = len;
  while (colon < line.len && is_blank(line.at[colon]))
    colon++;
  if (len == 0 || colon >= line.len || line.at[colon] != ':')
    return 0;
  *ret_colon = colon;
  return len;
}

static bool is_continuation(struct slice line) {
  return line.len && is_blank(line.at[0]);
}

struct slice mail_start(struct slice raw) {
  struct lines l = {.rest = raw};
  struct slice line;
  while (l.rest.len && (l.rest.at[0] == '\r' || l.rest.at[0] == '\n'))
    l.rest = slice_of(l.rest.at + 1, l.rest.len - 1);
  if (l.rest.len >= 5 && memcmp(l.rest.at, "From ", 5) == 0)
    lines_next(&l, &line);
  return l.rest;
}

void header_scan_start(struct header_scan *s, struct slice raw) {
  *s = (struct header_scan){.lines = {.rest = raw}};
}

/* Whether a stray line is part of the header: what follows it decides. */
static bool stray_belongs(struct lines behind) {
  struct slice next;
  size_t colon;
  return lines_next(&behind, &next) && (next.len == 0 || name_length(next, &colon));
}

bool header_scan_next(struct header_scan *s, struct mail_field *ret) {
  struct slice line;
  size_t colon, name;
  if (s->ended)
    return false;
  struct lines before = s->lines;
  if (!lines_next(&s->lines, &line) || line.len == 0 || !(name = name_length(line, &colon))) {
    s->ended = true;
    if (line.len && before.rest.len) {
      s->odd |= s->begun;
      s->lines = before; /* no header here: it is the body's first line */
    }
    return false;
  }
  s->begun = true;
  const char *end = line.at + line.len;
  for (struct lines ahead = s->lines; lines_next(&ahead, &line) && line.len; s->lines = ahead) {
    if (!is_continuation(line)) {
      size_t other;
      if (name_length(line, &other) || !stray_belongs(ahead))
        break;
      s->odd = true;
    }
    end = line.at + line.len;
  }
  const char *start = before.rest.at;
  ret->name = slice_of(start, name);
  ret->value = slice_of(start + colon + 1, (size_t)(end - start) - colon - 1);
  ret->whole = slice_of(start, (size_t)(end - start));
  return true;
}

void header_read(struct reading *r, struct slice raw, struct mail_header *ret) {
  struct header_scan s;
  struct mail_field field;
  size_t total = 0, room = 0;
  *ret = (struct mail_header){0};
  header_scan_start(&s, raw);
  while (header_scan_next(&s, &field)) {
    total += field.whole.len;
    if (total > HEADER_TOTAL_MAX || field.value.len > HEADER_FIELD_MAX)
      reading_warn(r, "header-cut");
    if (total > HEADER_TOTAL_MAX)
      continue;
    if (field.value.len > HEADER_FIELD_MAX)
      field.value.len = HEADER_FIELD_MAX;
    if (ret->count == room) {
      room = room ? 2 * room : 32;
      struct mail_field *more = reading_alloc(r, room * sizeof(*more));
      if (!more)
        return;
      if (ret->count)
        memcpy(more, ret->fields, ret->count * sizeof(*more));
      ret->fields = more;
    }
    ret->fields[ret->count++] = field;
  }
  if (s.odd)
    reading_warn(r, "header-odd-line");
  ret->body = s.lines.rest;
}

const struct mail_field *header_find(const struct mail_header *h, const char *name, const struct mail_field *after) {
  struct slice wanted = slice_text(name);
  for (size_t i = after ? (size_t)(after - h->fields) + 1 : 0; i < h->count; i++)
    if (slice_equal_nocase(h->fields[i].name, wanted))
      return &h->fields[i];
  return NULL;
}

struct slice header_unfold(struct reading *r, struct slice value) {
  value = slice_trim(value);
  if (!value.len || (!memchr(value.at, '\n', value.len) && !memchr(value.at, '\r', value.len) &&
                     !memchr(value.at, '\0', value.len)))
    return value;
  char *out = reading_alloc(r, value.len);
  if (!out)
    return slice_of("", 0);
  size_t len = 0;
  for (size_t i = 0; i < value.len; i++) {
    char c = value.at[i];
    bool line_end = c == '\r' || c == '\n';
    if (!line_end && c != '\0')
      out[len++] = c;
    else if (line_end && i + 1 < value.len && (uint8_t)value.at[i + 1] > ' ')
      out[len++] = ' '; /* a line that was not folded but broken */
  }
  return slice_of(out, len);
}

struct slice header_value(struct reading *r, const struct mail_header *h, const char *name) {
  const struct mail_field *field = header_find(h, name, NULL);
  return field ? header_unfold(r, field->value) : slice_of("", 0);
}
