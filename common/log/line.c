/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log is read by terminals, by grep and by machines, and its values come from strangers. So a value may never end a
 * line, start a key of its own, colour a terminal or turn the reading direction (SE-08, SE-27): whatever is not
 * plainly printable leaves as an escape.
 */
#include "log/line.h"
#include "base/clock.h"

static const char *const level_text[] = {"error", "warn", "info", "debug"};

const char *log_level_text(enum log_level level) {
  return level_text[level];
}

int log_level_parse(const char *text, enum log_level *ret) {
  for (size_t i = 0; i < sizeof(level_text) / sizeof(level_text[0]); i++)
    if (strcmp(text, level_text[i]) == 0) {
      *ret = (enum log_level)i;
      return 0;
    }
  return -EINVAL;
}

/* Length of the well-formed UTF-8 sequence at `at` (RFC 3629), 0 if it is none. */
static size_t sequence(const unsigned char *at, size_t len, uint32_t *ret_code) {
  static const struct {
    unsigned char mask, lead;
    size_t len;
    uint32_t least;
  } shapes[] = {{0x80, 0x00, 1, 0}, {0xe0, 0xc0, 2, 0x80}, {0xf0, 0xe0, 3, 0x800}, {0xf8, 0xf0, 4, 0x10000}};
  for (size_t i = 0; i < 4; i++) {
    if ((at[0] & shapes[i].mask) != shapes[i].lead)
      continue;
    if (len < shapes[i].len)
      return 0;
    uint32_t code = at[0] & (unsigned char)~shapes[i].mask;
    for (size_t k = 1; k < shapes[i].len; k++) {
      if ((at[k] & 0xc0) != 0x80)
        return 0;
      code = code << 6 | (at[k] & 0x3f);
    }
    if (code < shapes[i].least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      return 0;
    *ret_code = code;
    return shapes[i].len;
  }
  return 0;
}

/* Controls, what turns the reading direction, what is invisible, what breaks a line. */
static bool unprintable(uint32_t code) {
  static const struct {
    uint32_t first, last;
  } ranges[] = {{0x00, 0x1f},         {0x7f, 0x9f},         {0xad, 0xad},         {0x61c, 0x61c},
                {0x180e, 0x180e},     {0x200b, 0x200f},     {0x2028, 0x202e},     {0x2060, 0x206f},
                {0xfeff, 0xfeff},     {0xfff0, 0xfffb},     {0xe0000, 0xe0fff}};
  for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
    if (code >= ranges[i].first && code <= ranges[i].last)
      return true;
  return false;
}

static bool plain(struct slice value) {
  for (size_t i = 0; i < value.len; i++) {
    unsigned char c = (unsigned char)value.at[i];
    if (c <= ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '=')
      return false;
  }
  return value.len > 0 && value.len <= LOG_VALUE_MAX;
}

static void add_escaped(struct buf *ret, const unsigned char *at, size_t len, uint32_t code) {
  static const struct {
    uint32_t code;
    const char *text;
  } short_forms[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}};
  for (size_t i = 0; i < sizeof(short_forms) / sizeof(short_forms[0]); i++)
    if (short_forms[i].code == code) {
      buf_add_text(ret, short_forms[i].text);
      return;
    }
  if (!unprintable(code))
    buf_add(ret, at, len);
  else if (code < 0x80)
    buf_printf(ret, "\\x%02x", (unsigned)code);
  else
    buf_printf(ret, "\\u{%x}", (unsigned)code);
}

void log_value(struct buf *ret, struct slice value) {
  if (plain(value)) {
    buf_add_slice(ret, value);
    return;
  }
  bool cut = value.len > LOG_VALUE_MAX;
  size_t len = cut ? LOG_VALUE_MAX : value.len;
  const unsigned char *at = (const unsigned char *)value.at;
  buf_add_char(ret, '"');
  for (size_t i = 0; i < len;) {
    uint32_t code;
    size_t step = sequence(at + i, value.len - i, &code);
    if (step)
      add_escaped(ret, at + i, step, code);
    else
      buf_printf(ret, "\\x%02x", at[i]);
    i += step ? step : 1;
  }
  buf_add_text(ret, cut ? "…\"" : "\"");
}

static void add_field(struct buf *ret, const struct log_field *field) {
  buf_printf(ret, " %s=", field->key);
  switch (field->type) {
  case LOG_TEXT:
    log_value(ret, slice_text(field->text));
    return;
  case LOG_INT:
    buf_printf(ret, "%lld", (long long)field->number);
    return;
  case LOG_SLICE:
    log_value(ret, field->slice);
    return;
  }
}

void log_line(struct buf *ret, int64_t now_ms, enum log_level level, const char *program, const char *event,
              uint64_t held_back, const struct log_field *fields, size_t count) {
  static const char cut_mark[] = " cut=true\n";
  char time[RFC3339_LEN + 1];
  clock_rfc3339(now_ms, time);
  buf_printf(ret, "%s %s %s event=%s", time, level_text[level], program, event);
  if (held_back)
    buf_printf(ret, " held_back=%llu", (unsigned long long)held_back);
  for (size_t i = 0; i < count; i++) {
    size_t before = ret->len;
    /* A field goes in whole or not at all, so that a cut line still reads as key=value. */
    struct buf field = BUF_INIT(LOG_LINE_MAX);
    add_field(&field, &fields[i]);
    bool fits = !field.full && before + field.len + sizeof(cut_mark) <= LOG_LINE_MAX;
    if (fits)
      buf_add_slice(ret, buf_slice(&field));
    buf_free(&field);
    if (!fits) {
      buf_add_text(ret, cut_mark);
      return;
    }
  }
  buf_add_char(ret, '\n');
}
