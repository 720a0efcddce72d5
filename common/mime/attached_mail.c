/* SPDX-License-Identifier: Apache-2.0 */
/* What is odd in there is not said of the mail around it, so it has a reading of its own. */
#include "mime/attached_mail.h"
#include "base/buf.h"
#include "base/clock.h"
#include "mime/address_list.h"
#include "mime/body.h"
#include "mime/date.h"
#include "mime/encoded_word.h"
#include "text/utf8.h"

enum { SHOWN_MAX = 300 };

bool attached_mail_is(const char *type) {
  return strcmp(type, "message/rfc822") == 0 || strcmp(type, "message/global") == 0;
}

static const char *cut(struct reading *r, const char *line) {
  struct slice s = slice_text(line);
  return s.len > SHOWN_MAX ? reading_copy(r, slice_of(s.at, utf8_cut(s, SHOWN_MAX))) : line;
}

static const char *read_sender(struct reading *r, const struct mail_header *h) {
  struct address_list list = {0};
  address_list_read(r, header_value(r, h, "From"), &list);
  if (!list.count)
    return "";
  const event_party *from = list.parties[0];
  if (!*from->address)
    return *from->name ? from->name : from->raw;
  if (!*from->name)
    return from->address;
  const char *both = arena_printf(r->arena, "%s <%s>", from->name, from->address);
  r->failed |= !both;
  return both ? both : "";
}

static struct slice header_part(struct slice bytes) {
  struct slice start = mail_start(bytes);
  return slice_of(start.at, start.len < HEADER_TOTAL_MAX ? start.len : HEADER_TOTAL_MAX);
}

void attached_mail_read(struct reading *r, struct slice bytes, struct attached_mail *ret) {
  struct reading inner = {.arena = r->arena};
  struct mail_header h;
  header_read(&inner, header_part(bytes), &h);
  *ret = (struct attached_mail){.subject = "", .from = "", .broken = h.count == 0};
  ret->subject = cut(&inner, encoded_word_decode(&inner, header_value(&inner, &h, "Subject")));
  ret->from = cut(&inner, read_sender(&inner, &h));
  if (!date_read(header_value(&inner, &h, "Date"), &ret->sent_ms) || ret->sent_ms <= 0)
    ret->sent_ms = 0;
  ret->report = slice_starts_nocase(header_value(&inner, &h, "Content-Type"), SLICE("multipart/report"));
  r->failed |= inner.failed;
}

char *attached_mail_line(struct reading *r, const struct attached_mail *mail) {
  auto_clean(buf_free) struct buf line = BUF_INIT(4 * SHOWN_MAX);
  char sent[RFC3339_LEN + 1] = "";
  if (mail->sent_ms)
    clock_rfc3339(mail->sent_ms, sent);
  buf_add_text(&line, mail->report ? "[Attached report" : "[Attached mail");
  if (mail->broken)
    buf_add_text(&line, ": it could not be read");
  if (*mail->subject)
    buf_printf(&line, ": %s", mail->subject);
  if (*mail->from)
    buf_printf(&line, "%s%s", *mail->subject ? " \xE2\x80\x93 " : ": ", mail->from);
  if (*sent) /* to the second */
    buf_printf(&line, ", %.19sZ", sent);
  buf_add_char(&line, ']');
  return reading_copy(r, buf_slice(&line));
}

struct slice attached_mail_words(struct reading *r, struct slice bytes) {
  struct reading inner = {.arena = r->arena};
  struct mail_header h;
  header_read(&inner, mail_start(bytes), &h);
  struct slice words = body_words(&inner, part_read(&inner, &h));
  r->failed |= inner.failed;
  return words;
}
