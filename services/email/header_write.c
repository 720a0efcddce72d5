/* SPDX-License-Identifier: Apache-2.0 */
#include "header_write.h"
#include "base/encode.h"
#include <time.h>

enum { ENCODED_LINE = 76, LINE = 78, WORD_MAX = 75, ADDRESS_MAX = 254, ID_MAX = 200, Q_OVERHEAD = 12 };

static bool is_control(char c) {
  return (uint8_t)c < ' ' || c == 0x7f;
}

static bool is_ascii_text(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if ((uint8_t)s.at[i] > '~')
      return false;
  return true;
}

/* Would a reader take a part of it for an encoded-word? */
static bool looks_encoded(struct slice s) {
  for (size_t i = 0; i + 1 < s.len; i++)
    if (s.at[i] == '=' && s.at[i + 1] == '?')
      return true;
  return false;
}

static bool has_long_word(struct slice s) {
  size_t run = 0;
  for (size_t i = 0; i < s.len; i++) {
    run = s.at[i] == ' ' || s.at[i] == '\t' ? 0 : run + 1;
    if (run > WORD_MAX)
      return true;
  }
  return false;
}

static size_t character_len(struct slice s) {
  size_t len = 1;
  while (len < s.len && ((uint8_t)s.at[len] & 0xC0) == 0x80)
    len++;
  return len;
}

static bool is_q_plain(uint8_t c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("!*+-/", c);
}

static size_t q_len(struct slice s) {
  size_t len = 0;
  for (size_t i = 0; i < s.len; i++)
    len += is_q_plain((uint8_t)s.at[i]) || s.at[i] == ' ' || is_control(s.at[i]) ? 1 : 3;
  return len;
}

static void write_q(struct buf *out, struct slice s) {
  for (size_t i = 0; i < s.len; i++) {
    uint8_t c = (uint8_t)s.at[i];
    if (c == ' ' || is_control((char)c))
      buf_add_char(out, '_');
    else if (c && is_q_plain(c))
      buf_add_char(out, (char)c);
    else
      buf_printf(out, "=%02X", c);
  }
}

static void write_b(struct buf *out, struct slice s) {
  char clean[64], text[BASE64_LEN(64) + 1];
  assert(s.len <= sizeof(clean));
  for (size_t i = 0; i < s.len; i++)
    clean[i] = is_control(s.at[i]) ? ' ' : s.at[i];
  base64_encode(clean, s.len, text);
  buf_add_text(out, text);
}

/* Then the words stay readable where nobody decodes them. */
static bool is_mostly_ascii(struct slice s) {
  size_t odd = 0;
  for (size_t i = 0; i < s.len; i++)
    odd += (uint8_t)s.at[i] > '~';
  return 3 * odd <= 2 * s.len;
}

/* Encoded-words, never cut inside a character; `column` is where the line stands. */
static void write_encoded(struct buf *out, struct slice s, size_t column) {
  bool q = is_mostly_ascii(s);
  for (bool first = true; s.len; first = false) {
    if (!first) {
      buf_add_text(out, "\r\n ");
      column = 1;
    }
    size_t room = ENCODED_LINE - column, len = 0;
    if (room < Q_OVERHEAD + 12) { /* no place for even one character: a new line */
      buf_add_text(out, "\r\n ");
      room = ENCODED_LINE - 1;
    }
    room = (room < WORD_MAX ? room : WORD_MAX) - Q_OVERHEAD;
    while (len < s.len) {
      size_t next = len + character_len(slice_of(s.at + len, s.len - len));
      struct slice taken = slice_of(s.at, next);
      if ((q ? q_len(taken) : BASE64_LEN(taken.len)) > room || (!q && taken.len > 48))
        break;
      len = next;
    }
    if (len == 0) /* a run of continuation bytes that is no character: take what fits */
      len = s.len < 12 ? s.len : 12;
    buf_add_text(out, q ? "=?utf-8?Q?" : "=?utf-8?B?");
    (q ? write_q : write_b)(out, slice_of(s.at, len));
    buf_add_text(out, "?=");
    s = slice_of(s.at + len, s.len - len);
  }
}

/* ASCII words, folded at blanks. */
static void write_words(struct buf *out, struct slice s, size_t column) {
  for (size_t i = 0; i < s.len;) {
    size_t len = 0;
    while (i + len < s.len && s.at[i + len] != ' ' && !is_control(s.at[i + len]))
      len++;
    if (len && column + 1 + len > LINE && column > 1) {
      buf_add_text(out, "\r\n ");
      column = 1;
    } else if (len && i) {
      buf_add_char(out, ' ');
      column++;
    }
    buf_add(out, s.at + i, len);
    column += len;
    i += len;
    while (i < s.len && (s.at[i] == ' ' || is_control(s.at[i])))
      i++;
  }
}

static void write_value(struct buf *out, struct slice value, size_t column) {
  if (is_ascii_text(value) && !looks_encoded(value) && !has_long_word(value))
    write_words(out, value, column);
  else
    write_encoded(out, value, column);
}

static struct slice trim(struct slice s) {
  while (s.len && (s.at[0] == ' ' || is_control(s.at[0])))
    s = slice_of(s.at + 1, s.len - 1);
  while (s.len && (s.at[s.len - 1] == ' ' || is_control(s.at[s.len - 1])))
    s.len--;
  return s;
}

void header_write_text(struct buf *out, const char *name, struct slice value) {
  value = trim(value);
  if (!value.len)
    return;
  buf_printf(out, "%s: ", name);
  write_value(out, value, strlen(name) + 2);
  buf_add_text(out, "\r\n");
}

static bool is_atom(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (!is_q_plain((uint8_t)s.at[i]) && !strchr(" #$%&'?^_`{|}~=", s.at[i]))
      return false;
  return true;
}

static void write_quoted(struct buf *out, struct slice s) {
  buf_add_char(out, '"');
  for (size_t i = 0; i < s.len; i++) {
    if (s.at[i] == '"' || s.at[i] == '\\')
      buf_add_char(out, '\\');
    buf_add_char(out, is_control(s.at[i]) ? ' ' : s.at[i]);
  }
  buf_add_char(out, '"');
}

void header_write_mailbox(struct buf *out, const char *name, struct slice display, struct slice address) {
  enum { QUOTED_MAX = 60 };
  size_t column = strlen(name) + 2;
  buf_printf(out, "%s: ", name);
  display = trim(display);
  if (!display.len) {
    buf_add_slice(out, address);
    buf_add_text(out, "\r\n");
    return;
  }
  if (!is_ascii_text(display) || looks_encoded(display) || display.len > QUOTED_MAX)
    write_encoded(out, display, column);
  else if (is_atom(display))
    write_words(out, display, column);
  else
    write_quoted(out, display);
  buf_add_text(out, "\r\n <");
  buf_add_slice(out, address);
  buf_add_text(out, ">\r\n");
}

void header_write_addresses(struct buf *out, const char *name, char *const *addresses, size_t count) {
  if (!count)
    return;
  buf_printf(out, "%s: ", name);
  for (size_t i = 0; i < count; i++)
    buf_printf(out, "%s%s", i ? ",\r\n " : "", addresses[i]);
  buf_add_text(out, "\r\n");
}

void header_write_ids(struct buf *out, const char *name, char *const *ids, size_t count) {
  bool begun = false;
  for (size_t i = 0; i < count; i++) {
    if (!header_id_ok(slice_text(ids[i])))
      continue;
    if (begun)
      buf_add_text(out, "\r\n ");
    else
      buf_printf(out, "%s: ", name);
    begun = true;
    buf_printf(out, "<%s>", ids[i]);
  }
  if (begun)
    buf_add_text(out, "\r\n");
}

void header_write_date(struct buf *out, int64_t unix_ms) {
  static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  time_t at = (time_t)(unix_ms / 1000);
  struct tm t;
  gmtime_r(&at, &t);
  buf_printf(out, "Date: %s, %d %s %04d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
             t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

static bool is_token(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if (!is_q_plain((uint8_t)s.at[i]) && !strchr("#$&^_`{|}~.", s.at[i]))
      return false;
  return s.len > 0 && s.len < 60 && !memchr(s.at, '/', s.len);
}

/* RFC 2231: in pieces, each on a line of its own. */
static void write_extended(struct buf *out, const char *name, struct slice value) {
  enum { PIECE = 54 };
  for (size_t n = 0; value.len; n++) {
    size_t len = 0, cost = 0;
    while (len < value.len) {
      uint8_t c = (uint8_t)value.at[len];
      size_t width = c && (is_q_plain(c) || strchr("_.", c)) && !strchr("*/", c) ? 1 : 3;
      if (cost + width > PIECE)
        break;
      cost += width;
      len++;
    }
    buf_printf(out, ";\r\n %s*%zu*=%s", name, n, n ? "" : "utf-8''");
    for (size_t i = 0; i < len; i++) {
      uint8_t c = (uint8_t)value.at[i];
      if (c && (is_q_plain(c) || strchr("_.", c)) && !strchr("*/", c))
        buf_add_char(out, (char)c);
      else
        buf_printf(out, "%%%02X", is_control((char)c) ? ' ' : c);
    }
    value = slice_of(value.at + len, value.len - len);
  }
}

void header_write_parameter(struct buf *out, const char *name, struct slice value) {
  value = trim(value);
  if (is_token(value)) {
    buf_printf(out, ";\r\n %s=", name);
    buf_add_slice(out, value);
  } else if (is_ascii_text(value) && value.len <= 60) {
    buf_printf(out, ";\r\n %s=", name);
    write_quoted(out, value);
  } else if (value.len) {
    write_extended(out, name, value);
  }
}

bool header_address_ok(struct slice address) {
  size_t ats = 0;
  bool quoted = false;
  for (size_t i = 0; i < address.len; i++) {
    char c = address.at[i];
    if ((uint8_t)c <= ' ' || (uint8_t)c > '~' || strchr("<>,;:()\\", c))
      return false;
    quoted ^= c == '"';
    ats += c == '@' && !quoted;
  }
  const char *at = address.len ? memchr(address.at, '@', address.len) : NULL;
  return address.len <= ADDRESS_MAX && ats == 1 && !quoted && at > address.at && address.at[address.len - 1] != '@';
}

bool header_id_ok(struct slice id) {
  for (size_t i = 0; i < id.len; i++)
    if ((uint8_t)id.at[i] <= ' ' || (uint8_t)id.at[i] > '~' || strchr("<>", id.at[i]))
      return false;
  return id.len > 0 && id.len <= 2 * ID_MAX;
}
