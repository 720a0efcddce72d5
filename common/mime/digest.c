/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mail is, however it was brought: fields that carriers add or change on the way are left out, line ends are one
 * byte, blank lines at the end do not count. A field missing from the table makes one mail delivered twice two
 * events; a field too much makes two mails that differ in nothing else one. DKIM-Signature is the sender's own.
 */
#include "base/digest.h"
#include "mime/header.h"
#include "mime/mime.h"

enum { BLOCK = 8192, MESSAGE_ID_MAX = 998 };

static const struct slice trace_names[] = {
    {"Received", 8},
    {"Return-Path", 11},
    {"Delivered-To", 12},
    {"X-Original-To", 13},
    {"X-Delivered-To", 14},
    {"Envelope-To", 11},
    {"X-Envelope-To", 13},
    {"X-Envelope-From", 15},
    {"X-RCPT-To", 9},
    {"Delivery-Date", 13},
    {"Authentication-Results", 22},
    {"Received-SPF", 12},
    {"X-Received", 10},
    {"X-Forwarded-To", 14},
    {"X-Forwarded-For", 15},
    {"X-Loop", 6},
    {"X-Greylist", 10},
    {"X-Gm-Message-State", 18},
    {"X-Google-Smtp-Source", 20},
    {"X-Scanned-By", 12},
    {"X-UIDL", 6},
    {"X-UID", 5},
    {"X-Keywords", 10},
    {"Status", 6},
    {"X-Status", 8},
    {"Content-Length", 14},
    {"Lines", 5},
};

/* Families that filters on the way make up as they grow. */
static const struct slice trace_prefixes[] = {
    {"ARC-", 4},     {"X-Spam", 6},     {"X-Virus", 7},     {"X-Rspamd-", 9},          {"X-IMAP", 6},
    {"X-Amavis", 8}, {"X-Mozilla-", 10}, {"X-MS-Exchange-", 14}, {"X-Microsoft-Antispam", 20},
};

static bool is_trace(struct slice name) {
  for (size_t i = 0; i < sizeof(trace_names) / sizeof(trace_names[0]); i++)
    if (slice_equal_nocase(name, trace_names[i]))
      return true;
  for (size_t i = 0; i < sizeof(trace_prefixes) / sizeof(trace_prefixes[0]); i++)
    if (slice_starts_nocase(name, trace_prefixes[i]))
      return true;
  return false;
}

/* Adds with every line end as LF, and one at the end. Collected in blocks: lines are short and the digest's calls
 * are not free. */
static void add_lines(struct digest *d, struct slice text) {
  char block[BLOCK];
  size_t used = 0;
  struct lines l = {.rest = text};
  struct slice line;
  while (lines_next(&l, &line)) {
    if (used + line.len + 1 > BLOCK) {
      digest_add(d, slice_of(block, used));
      used = 0;
    }
    if (line.len + 1 > BLOCK) {
      digest_add(d, line);
    } else if (line.len) {
      memcpy(block + used, line.at, line.len);
      used += line.len;
    }
    block[used++] = '\n';
  }
  digest_add(d, slice_of(block, used));
}

/* What stands in <…>, or the whole. One that is folded or endless names nothing; the digest does it alone. */
static struct slice find_message_id(struct slice value) {
  value = slice_trim(value);
  const char *open = value.len ? memchr(value.at, '<', value.len) : NULL;
  if (open) {
    value = slice_of(open + 1, value.len - (size_t)(open + 1 - value.at));
    const char *close = value.len ? memchr(value.at, '>', value.len) : NULL;
    if (close)
      value.len = (size_t)(close - value.at);
  }
  value = slice_trim(value);
  for (size_t i = 0; i < value.len; i++)
    if ((uint8_t)value.at[i] <= ' ')
      return slice_of("", 0);
  return value.len <= MESSAGE_ID_MAX ? value : slice_of("", 0);
}

static bool is_blank(struct slice s) {
  for (size_t i = 0; i < s.len; i++)
    if ((uint8_t)s.at[i] > ' ')
      return false;
  return true;
}

/* All blank mails of a channel would be one mail, whoever sent them. */
static void add_sender(struct digest *d, const struct mime_envelope *envelope, struct slice oldest_received) {
  digest_add(d, SLICE("\nsender\n"));
  add_lines(d, envelope->null_path ? SLICE("<>") : envelope->mail_from);
  add_lines(d, oldest_received);
}

void mime_digest(struct slice raw, const struct mime_envelope *envelope, uint8_t ret[32],
                 struct slice *ret_message_id) {
  struct header_scan s;
  struct mail_field field;
  struct slice received = slice_of("", 0);
  bool nothing = true;
  struct digest *d = digest_new();
  *ret_message_id = slice_of("", 0);
  header_scan_start(&s, mail_start(raw));
  while (header_scan_next(&s, &field)) {
    if (slice_equal_nocase(field.name, SLICE("Received")))
      received = field.whole;
    if (is_trace(field.name))
      continue;
    nothing = false;
    if (ret_message_id->len == 0 && slice_equal_nocase(field.name, SLICE("Message-ID")))
      *ret_message_id = find_message_id(field.value);
    add_lines(d, field.whole);
  }
  digest_add(d, SLICE("\n"));
  struct slice body = s.lines.rest;
  while (body.len && (body.at[body.len - 1] == '\n' || body.at[body.len - 1] == '\r'))
    body.len--;
  add_lines(d, body);
  if (nothing && is_blank(body))
    add_sender(d, envelope, received);
  digest_end(d, ret);
  digest_free(&d);
}

struct event_id mime_event_id(const struct mime_envelope *envelope, struct slice raw) {
  uint8_t digest[32];
  struct slice message_id;
  mime_digest(raw, envelope, digest, &message_id);
  return event_id_make(envelope->channel, SLICE("message"), message_id, slice_of(digest, sizeof(digest)));
}
