/* SPDX-License-Identifier: Apache-2.0 */
/* FETCH: keys and values in any order, wherever the parentheses stand. */
#include "imap/reader_internal.h"
#include "imap/words.h"

static enum imap_body body_of(struct slice key) {
  static const struct {
    struct slice word;
    enum imap_body body;
  } bodies[] = {
      {{"BODY[]", 6}, IMAP_BODY_MAIL},          {{"BODY[HEADER]", 12}, IMAP_BODY_HEADER},
      {{"RFC822", 6}, IMAP_BODY_MAIL},          {{"RFC822.HEADER", 13}, IMAP_BODY_HEADER},
      {{"BODY.PEEK[]", 11}, IMAP_BODY_MAIL},    {{"BODY.PEEK[HEADER]", 17}, IMAP_BODY_HEADER},
  };
  for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
    if (slice_equal_nocase(key, bodies[i].word))
      return bodies[i].body;
  return IMAP_NO_BODY;
}

static enum key key_of(struct slice word) {
  static const struct {
    struct slice word;
    enum key key;
  } keys[] = {
      {{"UID", 3}, KEY_UID},
      {{"FLAGS", 5}, KEY_FLAGS},
      {{"RFC822.SIZE", 11}, KEY_SIZE},
      {{"INTERNALDATE", 12}, KEY_DATE},
  };
  for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
    if (slice_equal_nocase(word, keys[i].word))
      return keys[i].key;
  return KEY_OTHER;
}

static int begin_list(struct imap_reader *r) {
  r->list_depth = r->depth - 1;
  r->place = AT_FETCH_LIST;
  return GO_ON;
}

int reader_at_fetch_key(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_OPEN && r->depth > 1) {
    r->key = KEY_OTHER;
    return begin_list(r);
  }
  if (t != TOKEN_ATOM)
    return GO_ON;
  r->key = key_of(text(r));
  r->place = AT_FETCH_VALUE;
  const enum imap_body body = r->key == KEY_OTHER && !r->body_seen ? body_of(text(r)) : IMAP_NO_BODY;
  if (body) {
    r->said.body = body;
    r->lexer.stream = STREAM_STRING;
    r->place = AT_FETCH_BODY;
  }
  return GO_ON;
}

static void take_value(struct imap_reader *r) {
  uint64_t number;
  switch (r->key) {
  case KEY_UID:
    r->said.mail.uid = imap_uid_of(text(r));
    break;
  case KEY_SIZE:
    if (slice_to_u64(text(r), UINT64_MAX, &number) == 0) {
      r->said.mail.size = number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
      r->said.has_size = true;
    }
    break;
  case KEY_DATE:
    r->said.mail.internal_date_ms = imap_date_of(text(r));
    break;
  default:
    break;
  }
}

int reader_at_fetch_value(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_OPEN)
    return begin_list(r);
  if (is_text(t))
    take_value(r);
  r->place = AT_FETCH_KEY;
  return GO_ON;
}

int reader_at_fetch_list(struct imap_reader *r, enum imap_token t) {
  if (t == TOKEN_CLOSE && r->depth <= r->list_depth)
    r->place = AT_FETCH_KEY;
  else if (t == TOKEN_ATOM && r->key == KEY_FLAGS)
    r->said.mail.flags |= imap_flag_of(text(r));
  return GO_ON;
}

/* The user hears of a mail with its first piece, or with its end when it is empty. */
int reader_at_fetch_body(struct imap_reader *r, enum imap_token t) {
  const bool first = !r->body_seen;
  switch (t) {
  case TOKEN_RUN:
    r->body_seen = true;
    r->said.run = r->lexer.run;
    r->run_waits = first;
    return (int)(first ? IMAP_BODY_BEGIN : IMAP_BODY_RUN);
  case TOKEN_STRING:
    r->body_seen = true;
    r->place = AT_FETCH_KEY;
    if (first)
      return (int)IMAP_BODY_BEGIN;
    if (r->lexer.cut)
      r->said.body = IMAP_NO_BODY;
    return GO_ON;
  default: /* NIL, or worse */
    r->said.body = IMAP_NO_BODY;
    r->lexer.stream = STREAM_NOTHING;
    return reader_at_fetch_value(r, t);
  }
}
