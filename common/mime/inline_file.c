/* SPDX-License-Identifier: Apache-2.0 */
/* Before characters are made of the bytes: yEnc uses all 256 of them. */
#include "mime/inline_file.h"
#include "mime/body_text.h"
#include "mime/charset.h"
#include "mime/yenc.h"

static const struct format {
  bool (*find)(struct slice s, size_t from, size_t *ret_at, size_t *ret_data, struct slice *ret_name);
  size_t (*decode)(struct slice s, char *out, size_t *ret_taken);
} formats[] = {
    {transfer_find_begin, transfer_uudecode},
    {yenc_find_begin, yenc_decode},
};
enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

struct hit {
  size_t at, data;
  struct slice name;
  bool searched, found;
};

struct search {
  struct slice bytes;
  struct hit hits[FORMATS]; /* the next of each */
};

/* The nearest at or behind `from`; each format searches on from its own last hit. */
static const struct format *next_file(struct search *s, size_t from, struct hit *ret) {
  size_t best = FORMATS;
  for (size_t i = 0; i < FORMATS; i++) {
    struct hit *h = &s->hits[i];
    if (!h->searched || (h->found && h->at < from)) {
      h->found = formats[i].find(s->bytes, from, &h->at, &h->data, &h->name);
      h->searched = true;
    }
    if (h->found && (best == FORMATS || h->at < s->hits[best].at))
      best = i;
  }
  if (best == FORMATS)
    return NULL;
  *ret = s->hits[best];
  return &formats[best];
}

static void attach(struct reading *r, struct slice name, struct slice label, struct slice bytes,
                   struct mail_body *body) {
  const struct body_attachment attachment = {
      .type = "application/octet-stream",
      .name = reading_line(r, charset_to_utf8(r, label, name)),
      .content_id = "",
      .location = "",
      .bytes = bytes,
  };
  body_attach(r, body, &attachment);
}

struct slice inline_files_take(struct reading *r, struct slice bytes, struct slice label, struct mail_body *body) {
  struct search s = {.bytes = bytes};
  struct hit hit;
  const struct format *format;
  size_t from = 0, taken, len = 0, done = 0, used = 0;
  char *left = NULL, *out = NULL; /* files do not overlap, so together they are shorter than the text */
  for (size_t files = 0; files < INLINE_FILES_MAX && body->attachment_count < BODY_ATTACHMENTS_MAX; files++) {
    if (!(format = next_file(&s, from, &hit)))
      break;
    if (!left) {
      left = reading_alloc(r, bytes.len);
      out = reading_alloc(r, bytes.len + TRANSFER_SPARE);
    }
    if (!out || !left)
      return bytes;
    size_t size = format->decode(slice_of(bytes.at + hit.data, bytes.len - hit.data), out + used, &taken);
    from = hit.data;
    if (!taken)
      continue;
    attach(r, hit.name, label, slice_of(out + used, size), body);
    used += size;
    memcpy(left + len, bytes.at + done, hit.at - done);
    len += hit.at - done;
    from = done = hit.data + taken;
  }
  if (!done)
    return bytes;
  memcpy(left + len, bytes.at + done, bytes.len - done);
  return slice_of(left, len + bytes.len - done);
}
