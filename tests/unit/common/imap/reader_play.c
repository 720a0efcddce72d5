/* SPDX-License-Identifier: Apache-2.0 */
#include "reader_play.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void write_bits(const char *label, unsigned bits, const char *const *names, size_t count, struct buf *out) {
  if (!bits)
    return;
  buf_printf(out, " %s=", label);
  for (size_t i = 0; i < count; i++)
    if (bits & (1u << i))
      buf_printf(out, "%s%s", names[i], bits >> (i + 1) ? "," : "");
}

static const char *const flag_names[] = {"seen", "answered", "flagged", "deleted", "draft", "recent", "new"};
static const char *const can_names[] = {"idle", "uidplus", "move", "esearch", "id"};

static const char *code_name(enum imap_code code) {
  static const char *const names[] = {
      [IMAP_CODE_ALERT] = "ALERT",
      [IMAP_CODE_AUTHENTICATIONFAILED] = "AUTHENTICATIONFAILED",
      [IMAP_CODE_CAPABILITY] = "CAPABILITY",
      [IMAP_CODE_CLOSED] = "CLOSED",
      [IMAP_CODE_COPYUID] = "COPYUID",
      [IMAP_CODE_EXPUNGEISSUED] = "EXPUNGEISSUED",
      [IMAP_CODE_HIGHESTMODSEQ] = "HIGHESTMODSEQ",
      [IMAP_CODE_NONEXISTENT] = "NONEXISTENT",
      [IMAP_CODE_NOMODSEQ] = "NOMODSEQ",
      [IMAP_CODE_OTHER] = "OTHER",
      [IMAP_CODE_OVERQUOTA] = "OVERQUOTA",
      [IMAP_CODE_PERMANENTFLAGS] = "PERMANENTFLAGS",
      [IMAP_CODE_READ_ONLY] = "READ-ONLY",
      [IMAP_CODE_READ_WRITE] = "READ-WRITE",
      [IMAP_CODE_TRYCREATE] = "TRYCREATE",
      [IMAP_CODE_UIDNEXT] = "UIDNEXT",
      [IMAP_CODE_UIDNOTSTICKY] = "UIDNOTSTICKY",
      [IMAP_CODE_UIDVALIDITY] = "UIDVALIDITY",
      [IMAP_CODE_UNAVAILABLE] = "UNAVAILABLE",
      [IMAP_CODE_UNSEEN] = "UNSEEN",
  };
  return (size_t)code < sizeof(names) / sizeof(names[0]) && names[code] ? names[code] : "?";
}

static void write_said(const struct imap_response *said, struct buf *out) {
  static const char *const words[] = {"OK", "NO", "BAD", "BYE", "PREAUTH"};
  buf_add_text(out, words[said->status]);
  if (said->tag)
    buf_printf(out, " %" PRIu32, said->tag);
  if (said->code)
    buf_printf(out, " %s", code_name(said->code));
  if (said->number)
    buf_printf(out, "=%" PRIu64, said->number);
  write_bits("flags", said->flags, flag_names, 7, out);
  write_bits("can", said->capabilities, can_names, 5, out);
  if (said->words.len)
    buf_printf(out, ": %.*s", (int)said->words.len, said->words.at);
}

void write_mail(const struct imap_mail *mail, struct buf *out) {
  if (mail->uid)
    buf_printf(out, " uid=%" PRIu32, mail->uid);
  if (mail->size)
    buf_printf(out, " size=%" PRIu32, mail->size);
  if (mail->internal_date_ms != INT64_MIN)
    buf_printf(out, " date=%" PRId64, mail->internal_date_ms / 1000);
  write_bits("flags", mail->flags, flag_names, 7, out);
}

static void write_range(const char *label, const struct imap_response *said, struct buf *out) {
  buf_printf(out, "%s%s %" PRIu32, label, said->earlier ? " earlier" : "", said->range.first);
  if (said->range.last != said->range.first)
    buf_printf(out, ":%" PRIu32, said->range.last);
}

static void write_run(struct slice run, struct buf *out) {
  for (size_t i = 0; i < run.len; i++) {
    const unsigned char c = (unsigned char)run.at[i];
    if (c == '\r' || c == '\n')
      buf_add_text(out, c == '\r' ? "\\r" : "\\n");
    else if (c < ' ' || c > '~')
      buf_printf(out, "\\x%02x", c);
    else
      buf_add_char(out, (char)c);
  }
}

void write_event(enum imap_event event, const struct imap_response *said, struct buf *out) {
  switch (event) {
  case IMAP_MORE:
    return;
  case IMAP_SAID:
    write_said(said, out);
    break;
  case IMAP_CONTINUE:
    buf_add_char(out, '+');
    break;
  case IMAP_CAPABILITIES:
    buf_add_text(out, "CAN");
    write_bits("can", said->capabilities, can_names, 5, out);
    break;
  case IMAP_EXISTS:
  case IMAP_EXPUNGED:
    buf_printf(out, "%s %" PRIu64, event == IMAP_EXISTS ? "EXISTS" : "EXPUNGE", said->number);
    break;
  case IMAP_VANISHED:
    write_range("VANISHED", said, out);
    break;
  case IMAP_FOUND:
    write_range("FOUND", said, out);
    break;
  case IMAP_LISTED:
    buf_printf(out, "LIST%s %.*s", said->selectable ? "" : "!", (int)said->name.len, said->name.at);
    break;
  case IMAP_STATUS_IS:
    buf_printf(out, "STATUS %.*s %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32, (int)said->name.len, said->name.at,
               said->status_is.messages, said->status_is.unseen, said->status_is.uid_next,
               said->status_is.uid_validity);
    break;
  case IMAP_BODY_BEGIN:
    buf_add_text(out, said->body == IMAP_BODY_HEADER ? "HEADER" : "BODY");
    write_mail(&said->mail, out);
    break;
  case IMAP_BODY_RUN: /* pieces are one line */
    if (memrchr(out->at, '\n', out->len) && strncmp((char *)memrchr(out->at, '\n', out->len - 1) + 1, "run ", 4) == 0)
      out->len--;
    else
      buf_add_text(out, "run ");
    assert_true(said->run.len > 0);
    write_run(said->run, out);
    break;
  case IMAP_FETCHED:
    buf_add_text(out, "FETCH");
    write_mail(&said->mail, out);
    buf_add_text(out, said->body == IMAP_BODY_HEADER ? " header" : said->body ? " body" : "");
    break;
  case IMAP_PASSED_OVER:
    buf_add_char(out, '~');
    break;
  case IMAP_BROKEN:
    buf_add_text(out, "BROKEN");
    break;
  }
  buf_add_char(out, '\n');
}

/* Returns whether it can go on. */
static bool give(struct imap_reader *r, struct slice piece, struct buf *out) {
  char *copy = malloc(piece.len ? piece.len : 1); /* so that reading beyond it is noticed */
  memcpy(copy, piece.at, piece.len);
  struct slice bytes = slice_of(copy, piece.len);
  enum imap_event event;
  while ((event = imap_reader_next(r, &bytes)) != IMAP_MORE && event != IMAP_BROKEN)
    write_event(event, imap_reader_response(r), out);
  if (event == IMAP_BROKEN)
    buf_add_text(out, "BROKEN\n");
  free(copy);
  return event == IMAP_MORE;
}

static void play(const char *name, struct slice in, size_t cut, unsigned chance, const char *expected) {
  struct imap_reader *r = imap_reader_new();
  auto_clean(buf_free) struct buf out = BUF_INIT(1 << 20);
  buf_add_char(&out, '\n');
  bool going = true;
  for (size_t at = 0; at < in.len && going;) {
    size_t len = cut ? (at == 0 ? cut : in.len - at) : 1 + (chance = chance * 1103515245u + 12345u) / 65536 % 9;
    if (!cut && !chance)
      len = 1;
    if (len > in.len - at)
      len = in.len - at;
    going = give(r, slice_of(in.at + at, len), &out);
    at += len;
  }
  if (strcmp(out.at + 1, expected) != 0)
    fail_msg("%s (cut %zu, %u)\n--- expected\n%s--- but\n%s", name, cut, chance, expected, out.at + 1);
  imap_reader_free(&r);
}

void reader_play(const char *name, struct slice in, const char *expected) {
  for (size_t cut = 1; cut <= in.len; cut++)
    play(name, in, cut, 0, expected);
  for (unsigned chance = 1; chance < 20; chance++)
    play(name, in, 0, chance, expected);
}
