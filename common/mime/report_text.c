/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounces in prose. Only forms in which an address stands where no other can: qmail's "<joe@x.example>:" at the start
 * of a line, and a line that begins with an address below the sentence that announces such lines. The returned mail
 * begins below a line that says so.
 */
#include "mime/report.h"
#include "base/buf.h"
#include "mime/header.h"
#include "text/address.h"
#include "text/utf8.h"

enum { LINES_MAX = 1000, MARK_LINE_MAX = 200, FAILED_FIELD_MAX = 4096 };

/* The sentence before the addresses: of Exim, Sendmail, Exchange, Gmail, Yahoo, in lower case. */
static const char *const announcements[] = {
    "the following address(es) failed",
    "address(es) failed:",
    "the following addresses had permanent",
    "the following addresses had transient",
    "the following recipient(s)",
    "the following recipients",
    "the following recipient",
    "the following address",
    "to these recipients or groups",
    "to these recipients or distribution lists",
    "unable to deliver message to",
    "unable to deliver your message to",
    "an folgende empfänger",
    "die folgenden empfänger",
    "der folgende empfänger",
    "aux destinataires ou groupes suivants",
    "à ces destinataires ou groupes",
    "a estos destinatarios o grupos",
    "ai destinatari o ai gruppi seguenti",
    "a estes destinatários ou grupos",
    "aan de volgende geadresseerden",
};

/* The line before the returned mail. */
static const char *const copies[] = {
    "below this line is a copy of the message",
    "this is a copy of the message",
    "this is a copy of your message",
    "this is a copy of the headers",
    "original message headers:",
    "original message follows",
    "original message -----",
    "original message headers follow",
    "header of the original message is following",
    "ursprüngliche nachrichtenkopfzeilen:",
    "unsent message follows",
    "unsent message below",
    "returned message follows",
    "message header follows",
    "message headers follow",
};

static bool holds(struct slice line, const char *const *phrases, size_t count) {
  char lower[MARK_LINE_MAX];
  if (line.len > sizeof(lower))
    return false;
  for (size_t i = 0; i < line.len; i++)
    lower[i] = line.at[i] >= 'A' && line.at[i] <= 'Z' ? (char)(line.at[i] | 0x20) : line.at[i];
  for (size_t i = 0; i < count; i++)
    if (memmem(lower, line.len, phrases[i], strlen(phrases[i])))
      return true;
  return false;
}

#define HOLDS(line, table) holds((line), (table), sizeof(table) / sizeof((table)[0]))

/* The address a line begins with: "<joe@x>", "joe@x:", "joe@x on Tue", "joe@x<mailto:joe@x>", "\"joe@x\":"; empty when
 * it begins otherwise. *ret_rest is what follows. */
static struct slice first_address(struct reading *r, struct slice line, struct slice *ret_rest) {
  char *address, *key;
  char close = line.len && line.at[0] == '<' ? '>' : line.len && line.at[0] == '"' ? '"' : '\0';
  bool bracket = close != '\0';
  struct slice word = slice_of(line.at + bracket, 0);
  while (word.len + bracket < line.len && (uint8_t)word.at[word.len] > ' ' && !strchr("<>()[];,\"", word.at[word.len]))
    word.len++;
  *ret_rest = slice_of(word.at + word.len, line.len - word.len - bracket);
  if (bracket && (!ret_rest->len || ret_rest->at[0] != close))
    return SLICE("");
  while (word.len && strchr(":.", word.at[word.len - 1]))
    word.len--;
  if (!word.len || !memchr(word.at, '@', word.len) || address_email(r->arena, word, &address, &key) != 0)
    return SLICE("");
  return word;
}

/* The recipient of that address, new or met before; NULL when there are too many. */
static Deskbell__V1__ReportedRecipient *recipient(struct reading *r, Deskbell__V1__Report *report,
                                                  struct slice address, bool failed) {
  char *clean = report_address(r, address);
  for (size_t i = 0; i < report->n_recipients; i++)
    if (strcmp(report->recipients[i]->final_recipient, clean) == 0)
      return report->recipients[i];
  Deskbell__V1__ReportedRecipient *one = report_recipient(r, report);
  if (!one)
    return NULL;
  one->final_recipient = clean;
  one->action = (char *)(uintptr_t)(failed ? "failed" : "delayed");
  return one;
}

/* What is said of one recipient goes on until a blank line behind it or the next one. */
static void finish(struct reading *r, Deskbell__V1__ReportedRecipient *one, struct buf *words) {
  if (one && words->len && !*one->diagnostic) {
    one->diagnostic = report_line(r, slice_trim(buf_slice(words)), REPORT_DIAGNOSTIC_MAX);
    one->status = report_status(r, slice_text(one->diagnostic));
  }
  buf_clear(words);
}

static void add_words(struct buf *words, struct slice line) {
  size_t room = words->max - words->len;
  if (room < 2 || !line.len)
    return;
  buf_add_char(words, ' ');
  buf_add(words, line.at, utf8_cut(line, room - 1));
}

/* Behind ">:" qmail writes nothing. */
static bool is_qmail(struct slice line, struct slice rest) {
  return line.at[0] == '<' && slice_equal(rest, SLICE(">:"));
}

struct prose {
  struct reading *reading;
  Deskbell__V1__Report *report;
  bool failed, announced;
  Deskbell__V1__ReportedRecipient *now;
  struct buf words;
};

static void take_line(struct prose *p, struct slice line) {
  struct slice rest, text = slice_trim(line);
  struct slice address = text.len ? first_address(p->reading, text, &rest) : SLICE("");
  if (address.len && (p->announced || is_qmail(text, rest))) {
    finish(p->reading, p->now, &p->words);
    p->now = recipient(p->reading, p->report, address, p->failed);
    return;
  }
  if (HOLDS(text, announcements)) {
    finish(p->reading, p->now, &p->words);
    p->now = NULL;
    p->announced = true;
    return;
  }
  if (p->now)
    add_words(&p->words, text);
  if (!text.len && p->words.len) {
    finish(p->reading, p->now, &p->words);
    p->now = NULL;
  }
}

/* Returns the returned mail: what is below the line that says so. */
static struct slice read_prose(struct prose *p, struct slice text, bool want_recipients) {
  struct lines l = {.rest = text};
  struct slice line;
  for (size_t i = 0; i < LINES_MAX && lines_next(&l, &line); i++) {
    if (HOLDS(slice_trim(line), copies)) {
      finish(p->reading, p->now, &p->words);
      return l.rest;
    }
    if (want_recipients)
      take_line(p, line);
  }
  finish(p->reading, p->now, &p->words);
  return SLICE("");
}

static void read_failed_field(struct reading *r, const struct mail_header *h, bool failed,
                              Deskbell__V1__Report *report) {
  for (const struct mail_field *f = NULL; (f = header_find(h, "X-Failed-Recipients", f));) {
    struct slice word, rest, value = header_unfold(r, f->value);
    if (value.len > FAILED_FIELD_MAX)
      value.len = FAILED_FIELD_MAX;
    while (slice_split(&value, ',', &word)) {
      word = slice_trim(word);
      struct slice address = word.len ? first_address(r, word, &rest) : SLICE("");
      if (address.len)
        recipient(r, report, address, failed);
    }
  }
}

Deskbell__V1__Report *report_add_text(struct reading *r, const struct mail_header *h, const struct mail_part *root,
                                      struct slice text, bool failed, Deskbell__V1__Report *report) {
  bool made = !report;
  if (made)
    report = report_new(r, "delivery-status");
  if (!report)
    return NULL;
  bool want = report->n_recipients == 0;
  struct prose p = {.reading = r, .report = report, .failed = failed, .words = BUF_INIT(REPORT_DIAGNOSTIC_MAX)};
  struct slice below = read_prose(&p, text, want);
  buf_free(&p.words);
  if (want)
    read_failed_field(r, h, failed, report);
  report_set_returned(r, made ? report_returned(r, root) : SLICE(""), report);
  report_set_returned(r, below, report);
  return made && report->n_recipients == 0 && !*report->of_message_id ? NULL : report;
}
