/* SPDX-License-Identifier: Apache-2.0 */
/* The order matters: bytes, files out, characters, flow, and clean at the first step that makes text. */
#include "mime/body_text.h"
#include "mime/charset.h"
#include "mime/inline_file.h"
#include "text/utf8.h"

enum { NUL_FEW = 16, NUL_SHARE = 100 };

static bool is_binary(struct slice s) {
  size_t zeros = 0;
  for (const char *at = s.at; s.len && (at = memchr(at, '\0', s.len - (size_t)(at - s.at))); at++) {
    zeros++;
    if (at + 1 == s.at + s.len)
      break;
  }
  return zeros > NUL_FEW && zeros > s.len / NUL_SHARE;
}

/* What a gateway put behind encoded text is text as it is. */
static struct slice decode_bytes(struct reading *r, const struct mail_part *p) {
  struct slice tail, bytes = transfer_decode_text(r, p->encoding, p->content, &tail);
  body_text_append(r, &bytes, tail, "\n");
  return bytes;
}

struct body_text body_text_decode(struct reading *r, const struct mail_part *p, bool html, struct mail_body *body) {
  struct body_text ret = {.text = {"", 0}};
  struct slice bytes = decode_bytes(r, p);
  if (body && !html)
    bytes = inline_files_take(r, bytes, p->charset, body);
  ret.cut = bytes.len > BODY_PART_MAX;
  if (ret.cut)
    bytes.len = BODY_PART_MAX;
  struct slice text = html ? charset_html_to_utf8(r, p->charset, bytes) : charset_to_utf8(r, p->charset, bytes);
  ret.binary = is_binary(text);
  if (!ret.binary)
    ret.text = slice_text(reading_text(r, text));
  return ret;
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
  const size_t size = 2 * text.len + 16;
  struct flow f = {.out = reading_alloc(r, size)};
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
  reading_shrink(r, f.out, size, f.len);
  return slice_of(f.out ? f.out : "", f.len);
}

struct slice body_text_as_html(struct reading *r, struct slice text) {
  const size_t size = 5 * text.len + 16;
  char *out = text.len ? reading_alloc(r, size) : NULL;
  size_t len = 5;
  if (!out)
    return slice_of("", 0);
  memcpy(out, "<pre>", 5);
  for (size_t i = 0; i < text.len; i++) {
    const char *entity = text.at[i] == '<' ? "&lt;" : text.at[i] == '&' ? "&amp;" : NULL;
    if (entity) {
      memcpy(out + len, entity, strlen(entity));
      len += strlen(entity);
    } else {
      out[len++] = text.at[i];
    }
  }
  memcpy(out + len, "</pre>", 6);
  reading_shrink(r, out, size, len + 6);
  return slice_of(out, len + 6);
}

void body_text_append(struct reading *r, struct slice *to, struct slice more, const char *between) {
  size_t gap = to->len && more.len ? strlen(between) : 0;
  if (!more.len)
    return;
  if (!to->len) {
    *to = more;
    return;
  }
  char *out = reading_alloc(r, to->len + gap + more.len + 1);
  if (!out)
    return;
  memcpy(out, to->at, to->len);
  memcpy(out + to->len, between, gap);
  memcpy(out + to->len + gap, more.at, more.len);
  out[to->len + gap + more.len] = '\0';
  *to = slice_of(out, to->len + gap + more.len);
}
