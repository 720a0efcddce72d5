/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes are all there, so the decoders keep no state; none of them gives up. */
#include "mime/transfer.h"
#include "mime/header.h"
#include "mime/yenc.h"

enum { BEGIN_MAX = 512 };

static const struct {
  struct slice name;
  enum transfer encoding;
} names[] = {
    {{"base64", 6}, TRANSFER_BASE64},
    {{"base-64", 7}, TRANSFER_BASE64},
    {{"b", 1}, TRANSFER_BASE64},
    {{"quoted-printable", 16}, TRANSFER_QUOTED_PRINTABLE},
    {{"quoted_printable", 16}, TRANSFER_QUOTED_PRINTABLE},
    {{"qp", 2}, TRANSFER_QUOTED_PRINTABLE},
    {{"q", 1}, TRANSFER_QUOTED_PRINTABLE},
    {{"x-uuencode", 10}, TRANSFER_UUENCODE},
    {{"uuencode", 8}, TRANSFER_UUENCODE},
    {{"x-uue", 5}, TRANSFER_UUENCODE},
    {{"uue", 3}, TRANSFER_UUENCODE},
    {{"x-yencode", 9}, TRANSFER_YENC},
    {{"x-yenc", 6}, TRANSFER_YENC},
    {{"yenc", 4}, TRANSFER_YENC},
    {{"7bit", 4}, TRANSFER_IDENTITY},
    {{"8bit", 4}, TRANSFER_IDENTITY},
    {{"binary", 6}, TRANSFER_IDENTITY},
    {{"7-bit", 5}, TRANSFER_IDENTITY},
    {{"8-bit", 5}, TRANSFER_IDENTITY},
    {{"7bits", 5}, TRANSFER_IDENTITY},
    {{"8bits", 5}, TRANSFER_IDENTITY},
    {{"7", 1}, TRANSFER_IDENTITY},
    {{"8", 1}, TRANSFER_IDENTITY},
    {{"", 0}, TRANSFER_IDENTITY},
};

enum transfer transfer_find(struct reading *r, struct slice value) {
  size_t len = 0;
  while (len < value.len && (uint8_t)value.at[len] > ' ' && value.at[len] != ';' && value.at[len] != '(')
    len++;
  value = slice_of(value.at, len);
  if (len >= 2 && value.at[0] == '"' && value.at[len - 1] == '"')
    value = slice_of(value.at + 1, len - 2);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (slice_equal_nocase(value, names[i].name))
      return names[i].encoding;
  reading_warn(r, "transfer-encoding-unknown");
  return TRANSFER_UNKNOWN;
}

/* 0 … 63; 64 padding; 65 junk. */
static uint8_t base64_value(uint8_t c) {
  if (c >= 'A' && c <= 'Z')
    return (uint8_t)(c - 'A');
  if (c >= 'a' && c <= 'z')
    return (uint8_t)(c - 'a' + 26);
  if (c >= '0' && c <= '9')
    return (uint8_t)(c - '0' + 52);
  return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : c == '=' ? 64 : 65;
}

static void fill_table(uint8_t table[256]) {
  for (unsigned i = 0; i < 256; i++)
    table[i] = base64_value((uint8_t)i);
}

/* Behind "(…)" on one line; the byte itself when it is no comment. *none is where a line without an end of one ends:
 * it is not searched again. */
static const uint8_t *skip_comment(const uint8_t *at, const uint8_t *end, const uint8_t **none) {
  if (at < *none)
    return at + 1;
  for (*none = at; *none < end && **none != '\n' && **none != '\r'; (*none)++)
    if (**none == ')')
      return *none + 1;
  return at + 1;
}

size_t transfer_base64(struct slice s, char *out) {
  uint8_t table[256];
  uint32_t bits = 0;
  unsigned count = 0;
  size_t len = 0;
  fill_table(table);
  const uint8_t *at = (const uint8_t *)s.at, *end = at + s.len, *none = at;
  while (at < end) {
    while (count == 0 && end - at >= 4) { /* whole quanta, which is nearly all of it */
      uint8_t a = table[at[0]], b = table[at[1]], c = table[at[2]], d = table[at[3]];
      if ((a | b | c | d) & 0x40)
        break;
      uint32_t three = (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)c << 6 | d;
      out[len] = (char)(three >> 16);
      out[len + 1] = (char)(three >> 8);
      out[len + 2] = (char)three;
      len += 3;
      at += 4;
    }
    if (at == end)
      break;
    if (*at == '(') {
      at = skip_comment(at, end, &none);
      continue;
    }
    uint8_t value = table[*at++];
    if (value < 64) {
      bits = bits << 6 | value;
      if (++count < 4)
        continue;
    } else if (value != 64 || count == 0) {
      continue;
    }
    bits <<= 6 * (4 - count);
    for (unsigned i = 0; i + 1 < count; i++)
      out[len++] = (char)(bits >> (16 - 8 * i));
    bits = count = 0;
  }
  bits <<= count ? 6 * (4 - count) : 0;
  for (unsigned i = 0; i + 1 < count; i++) /* no padding at the end */
    out[len++] = (char)(bits >> (16 - 8 * i));
  return len;
}

static int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A "=" before blanks and a line end joins the lines; the blanks were added on the way. Returns what to skip, or 0. */
static size_t soft_break(struct slice s) {
  size_t i = 1;
  while (i < s.len && (s.at[i] == ' ' || s.at[i] == '\t'))
    i++;
  if (i == s.len)
    return i;
  if (s.at[i] == '\r')
    return i + (i + 1 < s.len && s.at[i + 1] == '\n' ? 2 : 1);
  return s.at[i] == '\n' ? i + 1 : 0;
}

size_t transfer_quoted_printable(struct slice s, bool header, char *out) {
  size_t len = 0;
  for (size_t i = 0; i < s.len;) {
    char c = s.at[i];
    int high = -1, low = -1;
    if (c != '=') {
      out[len++] = header && c == '_' ? ' ' : c;
      i++;
      continue;
    }
    if (i + 2 < s.len) {
      high = hex_value(s.at[i + 1]);
      low = hex_value(s.at[i + 2]);
    }
    size_t soft = high >= 0 && low >= 0 ? 0 : header ? 0 : soft_break(slice_of(s.at + i, s.len - i));
    if (high >= 0 && low >= 0) {
      out[len++] = (char)(high * 16 + low);
      i += 3;
    } else if (soft) {
      i += soft;
    } else {
      out[len++] = c;
      i++;
    }
  }
  return len;
}

static unsigned uu_value(char c) {
  return ((unsigned)(uint8_t)c - ' ') & 0x3F;
}

/* One line; false when it is none. Short lines are padded with zeros: blanks at their end get lost in mail. */
static bool uudecode_line(struct slice line, char *out, size_t *len) {
  if (line.len == 0 || (uint8_t)line.at[0] < ' ' || (uint8_t)line.at[0] > '`')
    return false;
  size_t count = uu_value(line.at[0]), need = (count + 2) / 3 * 4;
  if (line.len > need + 3 || (count && line.len < 2))
    return false;
  if (count > (line.len + 2) / 4 * 3) /* never more than the line has, whatever it says */
    count = (line.len + 2) / 4 * 3;
  for (size_t i = 0; i < count; i += 3) {
    uint32_t three = 0;
    for (size_t k = 0; k < 4; k++) {
      size_t at = 1 + i / 3 * 4 + k;
      three = three << 6 | (at < line.len ? uu_value(line.at[at]) : 0);
    }
    for (size_t k = 0; k < 3 && i + k < count; k++)
      out[(*len)++] = (char)(three >> (16 - 8 * k));
  }
  return true;
}

size_t transfer_uudecode(struct slice s, char *out, size_t *ret_taken) {
  struct lines l = {.rest = s};
  struct slice line;
  size_t len = 0;
  *ret_taken = 0;
  while (lines_next(&l, &line)) {
    if (slice_equal(slice_trim(line), SLICE("end"))) {
      *ret_taken = (size_t)(l.rest.at - s.at);
      return len;
    }
    if (line.len && !uudecode_line(line, out, &len))
      return 0;
  }
  *ret_taken = s.len; /* cut off: what came is kept */
  return len;
}

bool transfer_find_begin(struct slice s, size_t from, size_t *ret_at, size_t *ret_data, struct slice *ret_name) {
  while (from < s.len) {
    const char *hit = memchr(s.at + from, 'b', s.len - from);
    if (!hit)
      return false;
    size_t at = (size_t)(hit - s.at);
    from = at + 1;
    if (s.len - at < 6 || memcmp(hit, "begin ", 6) != 0)
      continue;
    from = at + 6;
    /* A window: without it a text of nothing but "begin" would be searched for line ends again and again. */
    struct lines l = {.rest = slice_of(s.at + from, s.len - from < BEGIN_MAX ? s.len - from : BEGIN_MAX)};
    struct slice line;
    bool starts_line = at == 0 || s.at[at - 1] == '\n' || s.at[at - 1] == '\r';
    if (!starts_line || !lines_next(&l, &line) || line.len < 5 || line.len == BEGIN_MAX)
      continue;
    size_t digits = 0;
    while (digits < 4 && line.at[digits] >= '0' && line.at[digits] <= '7')
      digits++;
    if (digits < 3 || line.at[digits] != ' ')
      continue;
    *ret_at = at;
    *ret_data = (size_t)(l.rest.at - s.at);
    *ret_name = slice_trim(slice_of(line.at + digits, line.len - digits));
    return true;
  }
  return false;
}

/* --- the whole --- */

static bool ends_line(char c) {
  return c == '\n' || c == '\r';
}

/* Text, not base64: one byte in eight is a blank inside a line or no ASCII. Other junk is junk. */
static bool is_no_base64(struct slice s) {
  size_t wrong = 0;
  for (size_t i = 0; i < s.len; i++) {
    bool blank = s.at[i] == ' ' || s.at[i] == '\t';
    bool inside = blank && i && i + 1 < s.len && !ends_line(s.at[i - 1]) && !ends_line(s.at[i + 1]);
    wrong += inside || (uint8_t)s.at[i] >= 0x80;
  }
  return wrong > s.len / 8;
}

/* Nothing but lines of base64, whole quanta, and more than a word of it. */
static bool is_base64(struct slice s) {
  enum { LEAST = 40 };
  uint8_t table[256];
  size_t count = 0;
  fill_table(table);
  for (size_t i = 0; i < s.len; i++) {
    count += table[(uint8_t)s.at[i]] < 65;
    if (table[(uint8_t)s.at[i]] == 65 && !ends_line(s.at[i]))
      return false;
  }
  return count >= LEAST && count % 4 == 0;
}

/* Where base64 ends: at the first line behind its padding that has a blank inside or something else it cannot have, a
 * dash among them: "-- " is how signatures begin. Lines are looked at once. */
static size_t base64_end(struct slice s) {
  uint8_t table[256];
  const char *padding = s.len ? memchr(s.at, '=', s.len) : NULL;
  if (!padding)
    return s.len;
  fill_table(table);
  struct lines l = {.rest = slice_of(padding, s.len - (size_t)(padding - s.at))};
  struct slice line;
  lines_next(&l, &line); /* the padded one itself */
  for (const char *start = l.rest.at; lines_next(&l, &line); start = l.rest.at) {
    struct slice words = slice_trim(line);
    for (size_t i = 0; i < words.len; i++)
      if (table[(uint8_t)words.at[i]] == 65 || words.at[i] == '-' || words.at[i] == '_')
        return (size_t)(start - s.at);
  }
  return s.len;
}

static struct slice decode_file(struct reading *r, enum transfer encoding, struct slice content, char *out) {
  size_t at, data, taken, len;
  struct slice name;
  bool yenc = encoding == TRANSFER_YENC;
  if (!(yenc ? yenc_find_begin : transfer_find_begin)(content, 0, &at, &data, &name))
    return content;
  struct slice rest = slice_of(content.at + data, content.len - data);
  len = yenc ? yenc_decode(rest, out, &taken) : transfer_uudecode(rest, out, &taken);
  reading_shrink(r, out, content.len + TRANSFER_SPARE, taken ? len : 0);
  return taken ? slice_of(out, len) : content;
}

struct slice transfer_decode(struct reading *r, enum transfer encoding, struct slice content) {
  if (encoding == TRANSFER_UNKNOWN)
    encoding = is_base64(content) ? TRANSFER_BASE64 : TRANSFER_IDENTITY;
  if (encoding == TRANSFER_BASE64 && is_no_base64(content)) {
    reading_warn(r, "transfer-encoding-wrong");
    encoding = TRANSFER_IDENTITY;
  }
  if (encoding == TRANSFER_IDENTITY || content.len == 0)
    return content;
  /* A character of base64 makes three quarters of a byte; an attachment is the largest thing in a mail. */
  const size_t size = (encoding == TRANSFER_BASE64 ? content.len / 4 * 3 : content.len) + TRANSFER_SPARE;
  char *out = reading_alloc(r, size);
  if (!out)
    return slice_of("", 0);
  if (encoding == TRANSFER_UUENCODE || encoding == TRANSFER_YENC)
    return decode_file(r, encoding, content, out);
  size_t len = encoding == TRANSFER_BASE64 ? transfer_base64(content, out)
                                           : transfer_quoted_printable(content, false, out);
  reading_shrink(r, out, size, len);
  return slice_of(out, len);
}

struct slice transfer_decode_text(struct reading *r, enum transfer encoding, struct slice content,
                                  struct slice *ret_tail) {
  size_t end = encoding == TRANSFER_BASE64 && !is_no_base64(content) ? base64_end(content) : content.len;
  *ret_tail = slice_of(content.at + end, content.len - end);
  return transfer_decode(r, encoding, slice_of(content.at, end));
}
