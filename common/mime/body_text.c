/* SPDX-License-Identifier: Apache-2.0 */
/* The order matters: bytes, characters, files out, flow, and clean at the first step that makes text. */
#include "base/buf.h"
#include "mime/body_text.h"
#include "mime/charset.h"
#include "text/utf8.h"

enum { NUL_FEW = 16, NUL_SHARE = 100, FILES_MAX = 100, CALENDAR_LINE_MAX = 500 };

static bool is_binary(struct slice s) {
  size_t zeros = 0;
  for (const char *at = s.at; s.len && (at = memchr(at, '\0', s.len - (size_t)(at - s.at))); at++) {
    zeros++;
    if (at + 1 == s.at + s.len)
      break;
  }
  return zeros > NUL_FEW && zeros > s.len / NUL_SHARE;
}

struct slice body_text_decode(struct reading *r, const struct mail_part *p, bool html, bool *ret_binary) {
  struct slice bytes = transfer_decode(r, p->encoding, p->content), label = p->charset;
  if (bytes.len > BODY_PART_MAX)
    bytes.len = BODY_PART_MAX;
  if (html && !label.len)
    label = charset_of_html(bytes);
  struct slice text = charset_to_utf8(r, label, bytes);
  *ret_binary = is_binary(text);
  return *ret_binary ? slice_of("", 0) : slice_text(reading_text(r, text));
}

struct flow {
  char *out;
  size_t len;
  size_t depth;   /* of quotation of the paragraph being written */
  bool open;      /* the last line goes on */
  bool begun;
};

static void start_paragraph(struct flow *f, size_t depth) {
  if (f->begun)
    f->out[f->len++] = '\n';
  for (size_t i = 0; i < depth; i++)
    f->out[f->len++] = '>';
  if (depth)
    f->out[f->len++] = ' ';
  f->begun = true;
  f->depth = depth;
}

struct slice body_text_unflow(struct reading *r, struct slice text, bool delete_space) {
  struct flow f = {.out = reading_alloc(r, 2 * text.len + 16)};
  struct lines l = {.rest = text};
  struct slice line;
  while (f.out && lines_next(&l, &line)) {
    size_t depth = 0;
    while (depth < line.len && line.at[depth] == '>')
      depth++;
    line = slice_of(line.at + depth, line.len - depth);
    if (line.len && line.at[0] == ' ')
      line = slice_of(line.at + 1, line.len - 1);
    bool signature = slice_equal(line, SLICE("-- "));
    if (!f.open || depth != f.depth || signature)
      start_paragraph(&f, depth);
    f.open = !signature && line.len && line.at[line.len - 1] == ' ';
    if (f.open && delete_space)
      line.len--;
    if (line.len)
      memcpy(f.out + f.len, line.at, line.len);
    f.len += line.len;
  }
  if (f.out && f.begun)
    f.out[f.len++] = '\n';
  return slice_of(f.out ? f.out : "", f.len);
}

struct slice body_text_take_files(struct reading *r, struct slice text, struct mail_body *body) {
  size_t at, data, from = 0, taken, len = 0, done = 0, files = 0, used = 0;
  struct slice name;
  char *left = NULL, *out = NULL; /* files do not overlap, so together they are shorter than the text */
  while (files < FILES_MAX && transfer_find_begin(text, from, &at, &data, &name)) {
    if (!left) {
      left = reading_alloc(r, text.len);
      out = reading_alloc(r, text.len + TRANSFER_SPARE);
    }
    if (!out || !left)
      return text;
    files++;
    size_t bytes = transfer_uudecode(slice_of(text.at + data, text.len - data), out + used, &taken);
    from = data;
    if (!taken)
      continue;
    const struct body_attachment attachment = {
        .type = "application/octet-stream",
        .name = reading_line(r, name),
        .content_id = "",
        .bytes = slice_of(out + used, bytes),
        .place = PLACE_ATTACHMENT,
    };
    body_attach(r, body, &attachment);
    used += bytes;
    memcpy(left + len, text.at + done, at - done);
    len += at - done;
    from = done = data + taken;
  }
  if (!done)
    return text;
  memcpy(left + len, text.at + done, text.len - done);
  return slice_of(left, len + text.len - done);
}

/* "DTSTART;TZID=Europe/Berlin:20261124T093000" → "DTSTART: 20261124T093000" */
static void add_property(struct buf *out, struct slice line) {
  static const struct slice wanted[] = {{"METHOD", 6},   {"SUMMARY", 7},   {"DTSTART", 7}, {"DTEND", 5},
                                        {"LOCATION", 8}, {"ORGANIZER", 9}, {"UID", 3}};
  for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
    if (!slice_starts_nocase(line, wanted[i]) || line.len == wanted[i].len ||
        (line.at[wanted[i].len] != ':' && line.at[wanted[i].len] != ';'))
      continue;
    const char *colon = memchr(line.at, ':', line.len);
    if (colon && out->len + line.len < out->max) {
      buf_add_slice(out, wanted[i]);
      buf_add_text(out, ": ");
      buf_add_slice(out, slice_of(colon + 1, line.len - (size_t)(colon + 1 - line.at)));
      buf_add_char(out, '\n');
    }
  }
}

struct slice body_text_of_calendar(struct reading *r, struct slice calendar) {
  auto_clean(buf_free) struct buf out = BUF_INIT(8 * 1024);
  struct lines l = {.rest = calendar};
  struct slice line;
  bool zone = false; /* a time zone's DTSTART is the day its rule began */
  while (lines_next(&l, &line)) {
    zone = slice_equal_nocase(line, SLICE("BEGIN:VTIMEZONE")) ||
           (zone && !slice_equal_nocase(line, SLICE("END:VTIMEZONE")));
    if (line.len > CALENDAR_LINE_MAX)
      line.len = utf8_cut(line, CALENDAR_LINE_MAX);
    if (!zone)
      add_property(&out, line);
  }
  return slice_text(reading_text(r, charset_to_utf8(r, SLICE("utf-8"), buf_slice(&out))));
}
