/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer_write.h"
#include "base/encode.h"

enum { LINE = 76, PLAIN_LINE = 78, BASE64_RUN = 57 };

static bool is_plain(uint8_t c) {
  return (c >= ' ' && c <= '~') || c == '\t';
}

/* A line that a mail system on the way may change: "From " at its start, a lone dot, a blank at its end. */
static bool is_fragile(struct slice line) {
  return (line.len >= 5 && memcmp(line.at, "From ", 5) == 0) || (line.len && line.at[0] == '.') ||
         (line.len && (line.at[line.len - 1] == ' ' || line.at[line.len - 1] == '\t'));
}

enum text_encoding transfer_choose(struct slice text) {
  size_t odd = 0;
  bool safe = true;
  struct slice rest = text, line;
  for (size_t i = 0; i < text.len; i++)
    odd += text.at[i] != '\n' && !is_plain((uint8_t)text.at[i]);
  while (safe && rest.len && slice_split(&rest, '\n', &line))
    safe = line.len <= PLAIN_LINE && !is_fragile(line) && !(line.len > 1 && memmem(line.at, line.len, "=_", 2));
  if (odd == 0 && safe)
    return TEXT_7BIT;
  return odd > text.len / 4 ? TEXT_BASE64 : TEXT_QUOTED_PRINTABLE;
}

const char *transfer_name(enum text_encoding encoding) {
  static const char *const names[] = {"7bit", "quoted-printable", "base64"};
  return names[encoding];
}

static void write_plain(struct buf *out, struct slice text) {
  struct slice line;
  while (text.len && slice_split(&text, '\n', &line)) {
    buf_add_slice(out, line);
    buf_add_text(out, "\r\n");
  }
}

static void write_quoted_line(struct buf *out, struct slice line) {
  bool from = line.len >= 5 && memcmp(line.at, "From ", 5) == 0;
  size_t column = 0;
  for (size_t i = 0; i < line.len; i++) {
    uint8_t c = (uint8_t)line.at[i];
    bool last = i + 1 == line.len;
    bool raw = is_plain(c) && c != '=' && !(i == 0 && (from || c == '.')) && !(last && (c == ' ' || c == '\t'));
    size_t width = raw ? 1 : 3;
    if (column + width > LINE - (last ? 0u : 1u)) {
      buf_add_text(out, "=\r\n");
      column = 0;
      if (raw && c == '.') { /* a dot that a soft break puts at the start of its line */
        raw = false;
        width = 3;
      }
    }
    if (raw)
      buf_add_char(out, (char)c);
    else
      buf_printf(out, "=%02X", c);
    column += width;
  }
  buf_add_text(out, "\r\n");
}

void transfer_write_base64(struct buf *out, struct slice bytes) {
  char line[BASE64_LEN(BASE64_RUN) + 1];
  for (size_t at = 0; at < bytes.len; at += BASE64_RUN) {
    size_t len = bytes.len - at < BASE64_RUN ? bytes.len - at : BASE64_RUN;
    base64_encode(bytes.at + at, len, line);
    buf_add_text(out, line);
    buf_add_text(out, "\r\n");
  }
}

/* Base64 of text keeps the canonical line end (RFC 2045 6.8). */
static void write_base64_text(struct buf *out, struct slice text) {
  auto_clean(buf_free) struct buf canonical = BUF_INIT(out->max);
  write_plain(&canonical, text);
  transfer_write_base64(out, buf_slice(&canonical));
  out->full = out->full || canonical.full;
}

void transfer_write_text(struct buf *out, struct slice text, enum text_encoding encoding) {
  struct slice line;
  if (encoding == TEXT_7BIT)
    write_plain(out, text);
  else if (encoding == TEXT_BASE64)
    write_base64_text(out, text);
  else
    while (text.len && slice_split(&text, '\n', &line))
      write_quoted_line(out, line);
}
