/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever stands in the texts of an outgoing mail: its header has only the fields we write, each once, and its lines are
 * CRLF, 7-bit and short. Input: texts separated by NUL, in the order below.
 */
#include "compose.h"
#include <stdlib.h>

static const char *const fields[] = {"Date", "From", "To", "Cc", "Reply-To", "Subject", "Message-ID", "In-Reply-To",
                                     "References", "Content-Language", "Auto-Submitted", "X-Auto-Response-Suppress",
                                     "Precedence", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

static char *next_text(const uint8_t **at, size_t *left) {
  size_t len = 0;
  while (len < *left && (*at)[len])
    len++;
  char *text = malloc(len + 1);
  memcpy(text, *at, len);
  text[len] = '\0';
  *at += len + (len < *left);
  *left -= len + (len < *left);
  return text;
}

static void check_line(struct slice line, bool header, unsigned seen[FIELDS]) {
  if (line.len > 998)
    abort();
  for (size_t i = 0; i < line.len; i++)
    if ((uint8_t)line.at[i] > '~' || line.at[i] == '\r' || line.at[i] == '\0')
      abort();
  if (!header || line.at[0] == ' ')
    return;
  for (size_t i = 0; i < FIELDS; i++) {
    size_t len = strlen(fields[i]);
    if (line.len > len && memcmp(line.at, fields[i], len) == 0 && line.at[len] == ':') {
      if (seen[i]++)
        abort();
      return;
    }
  }
  abort();
}

static void check(struct slice mail) {
  unsigned seen[FIELDS] = {0};
  bool header = true;
  while (mail.len) {
    const char *end = memmem(mail.at, mail.len, "\r\n", 2);
    if (!end)
      abort();
    struct slice line = slice_of(mail.at, (size_t)(end - mail.at));
    if (memchr(line.at, '\n', line.len))
      abort();
    header = header && line.len;
    check_line(line, header, seen);
    mail = slice_of(end + 2, mail.len - line.len - 2);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  enum { TEXTS = 10 };
  if (size < 1 || size > 60000)
    return 0;
  unsigned choice = *data++;
  size--;
  char *t[TEXTS];
  for (size_t i = 0; i < TEXTS; i++)
    t[i] = next_text(&data, &size);
  Deskbell__V1__OutboundMessage m = DESKBELL__V1__OUTBOUND_MESSAGE__INIT;
  Deskbell__V1__Attachment a = DESKBELL__V1__ATTACHMENT__INIT, *list[] = {&a};
  char *references[] = {t[5]};
  const struct slice files[] = {slice_text(t[9])};
  m.id = (char *)"o0000000000000001";
  m.kind = choice & 1 ? DESKBELL__V1__OUTBOUND_KIND__REPLY : DESKBELL__V1__OUTBOUND_KIND__ACKNOWLEDGEMENT;
  m.to = choice & 2 ? t[0] : (char *)"a@b.example";
  m.to_name = t[1];
  m.subject = t[2];
  m.text = t[3];
  m.html = t[4];
  m.message_id = choice & 4 ? t[5] : (char *)"a@b.example";
  m.in_reply_to = t[5];
  m.references = references;
  m.n_references = 1;
  m.language = t[6];
  a.name = t[7];
  a.type = t[8];
  a.content_id = t[5];
  a.inline_part = choice & 8;
  m.attachments = list;
  m.n_attachments = choice & 16 ? 1 : 0;
  const struct compose_sender sender = {choice & 32 ? slice_text(t[0]) : SLICE("s@d.example"), slice_text(t[1]), SLICE("")};
  struct buf out = BUF_INIT(COMPOSE_MAX);
  const char *why;
  if (compose_mail(&m, &sender, files, &out, &why) == 0)
    check(buf_slice(&out));
  buf_free(&out);
  for (size_t i = 0; i < TEXTS; i++)
    free(t[i]);
  return 0;
}
