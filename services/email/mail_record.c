/* SPDX-License-Identifier: Apache-2.0 */
/* A fixed layout, not protobuf: nobody but this program reads it, and its golden bytes are easy to see. */
#include "mail_record.h"
#include "base/little_endian.h"

enum { BY_LMTP = 1, FROM_MAILBOX = 2 };

#define FIXED_LEN (1 + 2 + 8 + SHA256_BYTES + 8)
#define PLACE_LEN (4 + 4 + 8 + EVENT_ID_BYTES)

enum { NULL_PATH = 1, SMTPUTF8 = 2, EIGHT_BIT = 4, BARE_LINE_END = 8, BY_UNIX = 16 };

static void add_text(struct buf *b, struct slice text) {
  char len[2];
  assert(text.len <= UINT16_MAX);
  put_le(len, text.len, sizeof(len));
  buf_add(b, len, sizeof(len));
  buf_add_slice(b, text);
}

static void add_place(struct buf *b, const struct mail_record *r) {
  char fixed[PLACE_LEN];
  put_le(fixed, r->place.uid_validity, 4);
  put_le(fixed + 4, r->place.uid, 4);
  put_le(fixed + 8, r->left_behind, 8);
  memcpy(fixed + 16, r->id.bytes, EVENT_ID_BYTES);
  buf_add(b, fixed, sizeof(fixed));
  add_text(b, r->place.mailbox);
  add_text(b, r->place.folder);
}

int mail_record_pack(const struct mail_record *r, struct buf *ret) {
  char fixed[FIXED_LEN];
  unsigned flags = (r->null_path ? NULL_PATH : 0) | (r->smtputf8 ? SMTPUTF8 : 0) | (r->eight_bit ? EIGHT_BIT : 0) |
                   (r->bare_line_end ? BARE_LINE_END : 0) | (r->by_unix ? BY_UNIX : 0);
  fixed[0] = r->place.uid ? FROM_MAILBOX : BY_LMTP;
  put_le(fixed + 1, flags, 2);
  put_le(fixed + 3, (uint64_t)r->received_ms, 8);
  memcpy(fixed + 11, r->original.sha256, SHA256_BYTES);
  put_le(fixed + 11 + SHA256_BYTES, r->original.size, 8);
  buf_add(ret, fixed, sizeof(fixed));
  add_text(ret, r->channel);
  add_text(ret, r->mail_from);
  add_text(ret, r->recipient);
  add_text(ret, r->token);
  if (r->place.uid)
    add_place(ret, r);
  return ret->full ? BUF_FULL : 0;
}

static bool take_text(struct slice *s, struct slice *ret) {
  if (s->len < 2)
    return false;
  size_t len = get_le(s->at, 2);
  if (s->len - 2 < len)
    return false;
  *ret = slice_of(s->at + 2, len);
  *s = slice_of(s->at + 2 + len, s->len - 2 - len);
  return true;
}

static bool take_place(struct slice *s, struct mail_record *ret) {
  if (s->len < PLACE_LEN)
    return false;
  ret->place.uid_validity = (uint32_t)get_le(s->at, 4);
  ret->place.uid = (uint32_t)get_le(s->at + 4, 4);
  ret->left_behind = get_le(s->at + 8, 8);
  memcpy(ret->id.bytes, s->at + 16, EVENT_ID_BYTES);
  *s = slice_of(s->at + PLACE_LEN, s->len - PLACE_LEN);
  return ret->place.uid && take_text(s, &ret->place.mailbox) && take_text(s, &ret->place.folder);
}

int mail_record_unpack(struct slice payload, struct mail_record *ret) {
  if (payload.len < FIXED_LEN || payload.at[0] < BY_LMTP || payload.at[0] > FROM_MAILBOX)
    return MAIL_RECORD_UNREADABLE;
  unsigned flags = (unsigned)get_le(payload.at + 1, 2);
  struct mail_record r = {
      .received_ms = (int64_t)get_le(payload.at + 3, 8),
      .original.size = get_le(payload.at + 11 + SHA256_BYTES, 8),
      .null_path = flags & NULL_PATH,
      .smtputf8 = flags & SMTPUTF8,
      .eight_bit = flags & EIGHT_BIT,
      .bare_line_end = flags & BARE_LINE_END,
      .by_unix = flags & BY_UNIX,
  };
  memcpy(r.original.sha256, payload.at + 11, SHA256_BYTES);
  struct slice rest = slice_of(payload.at + FIXED_LEN, payload.len - FIXED_LEN);
  if (!take_text(&rest, &r.channel) || !take_text(&rest, &r.mail_from) || !take_text(&rest, &r.recipient) ||
      !take_text(&rest, &r.token) || (payload.at[0] == FROM_MAILBOX && !take_place(&rest, &r)) || rest.len)
    return MAIL_RECORD_UNREADABLE;
  *ret = r;
  return 0;
}
