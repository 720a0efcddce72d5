/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as they should be, as they are, and as they are damaged on the way. */
#include "mime/report.h"
#include "mime/mime.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct fixture {
  struct reading r;
  struct mail_header h;
  struct mail_part *root;
};

static void open_mail(struct fixture *f, struct slice raw) {
  *f = (struct fixture){.r = {.arena = arena_new(64 * 1024, 32 * 1024 * 1024)}};
  header_read(&f->r, raw, &f->h);
  f->root = part_read(&f->r, &f->h);
}

static void close_mail(struct fixture *f) {
  assert_false(f->r.failed);
  arena_free(&f->r.arena);
}

/* "failed 5.1.1 a@b.example [original@b.example] (mx) diagnostic", one line each. */
static char *recipients(struct fixture *f, const Deskbell__V1__Report *report) {
  char *all = arena_printf(f->r.arena, "%s", "");
  for (size_t i = 0; i < report->n_recipients; i++) {
    const Deskbell__V1__ReportedRecipient *one = report->recipients[i];
    all = arena_printf(f->r.arena, "%s%s|%s|%s|%s|%s|%s\n", all, one->action, one->status, one->final_recipient,
                       one->original_recipient, one->remote_mta, one->diagnostic);
  }
  return all;
}

static void check(size_t number, const char *what, const char *got, const char *expected) {
  if (strcmp(got, expected) != 0)
    fail_msg("%zu, %s:\n%s\n--- expected ---\n%s", number, what, got, expected);
}

struct status_case {
  const char *fields, *recipients;
  enum report_outcome outcome;
};

static void check_status(const struct status_case *c, size_t number, const char *type) {
  struct fixture f;
  char mail[4096];
  int len = snprintf(mail, sizeof(mail), "Content-Type: %s\n\n%s", type, c->fields);
  assert_true(len > 0 && (size_t)len < sizeof(mail));
  open_mail(&f, slice_text(mail));
  Deskbell__V1__Report *report = report_read(&f.r, f.root);
  assert_non_null(report);
  assert_string_equal(report->kind, "delivery-status");
  check(number, "recipients", recipients(&f, report), c->recipients);
  if (report_outcome(report) != c->outcome)
    fail_msg("%zu: outcome %d", number, report_outcome(report));
  close_mail(&f);
}

/* AR-60 */
static void test_delivery_status(void **state) {
  (void)state;
  static const struct status_case cases[] = {
      {"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; joe@x.example\nAction: failed\nStatus: 5.1.1\n"
       "Remote-MTA: dns; mx.x.example\nDiagnostic-Code: smtp; 550 5.1.1 <joe@x.example>:\n unknown\n",
       "failed|5.1.1|joe@x.example||mx.x.example|550 5.1.1 <joe@x.example>: unknown\n", REPORT_FAILED},
      /* the action decides, in any case and spelling; not the digit */
      {"Final-Recipient: rfc822;a@x.example\nAction: DELAYED\nStatus: 5.4.7\n", "delayed|5.4.7|a@x.example|||\n",
       REPORT_SPARED},
      {"Final-Recipient: rfc822;a@x.example\nAction: Failed (permanent)\n"
       "Status: 4.2.2\n", "failed|4.2.2|a@x.example|||\n",
       REPORT_FAILED},
      {"Final-Recipient: rfc822;a@x.example\nAction: delivered\nStatus: 2.0.0\n", "delivered|2.0.0|a@x.example|||\n",
       REPORT_SPARED},
      {"Final-Recipient: rfc822;a@x.example\nAction: relayed\n\nFinal-Recipient: rfc822;b@x.example\n"
       "Action: expanded\n",
       "relayed||a@x.example|||\nexpanded||b@x.example|||\n", REPORT_SPARED},
      {"Final-Recipient: rfc822;a@x.example\nAction: delayed\n\nFinal-Recipient: rfc822;b@x.example\nAction: failed\n",
       "delayed||a@x.example|||\nfailed||b@x.example|||\n", REPORT_FAILED},
      {"Final-Recipient: rfc822;a@x.example\nAction: whatever\n", "||a@x.example|||\n", REPORT_FAILED},
      {"Final-Recipient: rfc822;a@x.example\nStatus: 4.4.1\n", "|4.4.1|a@x.example|||\n", REPORT_FAILED},
      /* recipients without blank lines between them, blank lines within one, fields in another order */
      {"Reporting-MTA: dns; mx\nFinal-Recipient: rfc822; a@x.example\nAction: failed\nStatus: 5.1.1\n"
       "Final-Recipient: rfc822; b@x.example\nAction: delayed\nStatus: 4.0.0\n",
       "failed|5.1.1|a@x.example|||\ndelayed|4.0.0|b@x.example|||\n", REPORT_FAILED},
      {"Final-Recipient: rfc822; a@x.example\n\nAction: failed\n\nStatus: 5.1.1\n\n"
       "Final-Recipient: rfc822; b@x.example\n\n"
       "Action: failed\n", "failed|5.1.1|a@x.example|||\nfailed||b@x.example|||\n", REPORT_FAILED},
      {"Action: failed\nFinal-Recipient: rfc822; a@x.example\n\nAction: delayed\n"
       "Final-Recipient: rfc822; b@x.example\n",
       "failed||a@x.example|||\ndelayed||b@x.example|||\n", REPORT_FAILED},
      {"Original-Recipient: rfc822;old@x.example\nFinal-Recipient: rfc822;a@x.example\nAction: failed\n"
       "Original-Recipient: rfc822;other@x.example\nFinal-Recipient: rfc822;b@x.example\nAction: failed\n",
       "failed||a@x.example|old@x.example||\nfailed||b@x.example|other@x.example||\n", REPORT_FAILED},
      {"Final-Recipient: rfc822;a@x.example\nOriginal-Recipient: rfc822;old@x.example\nAction: failed\n\n"
       "Final-Recipient: rfc822;b@x.example\nOriginal-Recipient: rfc822;other@x.example\nAction: failed\n",
       "failed||a@x.example|old@x.example||\nfailed||b@x.example|other@x.example||\n", REPORT_FAILED}, /* Postfix */
      {"Final-Recipient: rfc822;a@x.example\nAction: failed\nAction: delayed\n", "failed||a@x.example|||\n",
       REPORT_FAILED},
      /* addresses */
      {"Final-Recipient: rfc822;<Joe@X.example>\nAction: failed\n", "failed||Joe@x.example|||\n", REPORT_FAILED},
      {"Final-Recipient: joe@x.example\nAction: failed\n", "failed||joe@x.example|||\n", REPORT_FAILED},
      {"Final-Recipient: RFC822 ; \"joe doe\"@x.example\nAction: failed\n", "failed||\"joe doe\"@x.example|||\n",
       REPORT_FAILED},
      {"Final-Recipient: rfc822;\"a;b\"@x.example\nAction: failed\n", "failed||\"a;b\"@x.example|||\n", REPORT_FAILED},
      {"Original-Recipient: rfc822;joe+2Btag@x.example\nFinal-Recipient: rfc822;joe+2Btag@x.example\nAction: failed\n",
       "failed||joe+2Btag@x.example|joe+tag@x.example||\n", REPORT_FAILED},
      {"Original-Recipient: utf-8;j\\x{F6}rg@x.example\nFinal-Recipient: rfc822;j@x.example\nAction: failed\n",
       "failed||j@x.example|jörg@x.example||\n", REPORT_FAILED},
      {"Final-Recipient: utf-8;jörg@bücher.example\nAction: failed\n", "failed||jörg@xn--bcher-kva.example|||\n",
       REPORT_FAILED},
      {"Final-Recipient: rfc822; joe\nAction: failed\n", "failed||joe|||\n", REPORT_FAILED},
      {"Final-Recipient: rfc822; joe@x.example (Joe)\nAction: failed\n", "failed||joe@x.example|||\n", REPORT_FAILED},
      {"Final-Recipient: x400; /C=de/A=x/\nAction: failed\n", "failed||/C=de/A=x/|||\n", REPORT_FAILED},
      {"Original-Recipient: utf-8;\\x{}\\x{110000}\\x{41\nAction: failed\n", "failed|||\\x{}\\x{110000}\\x{41||\n",
       REPORT_FAILED},
      /* statuses */
      {"Final-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1.1 (bad destination)\n",
       "failed|5.1.1|a@x.example|||\n", REPORT_FAILED},
      {"Final-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 550 #5.1.10\n", "failed|5.1.10|a@x.example|||\n",
       REPORT_FAILED},
      {"Final-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 5.1\n", "failed||a@x.example|||\n", REPORT_FAILED},
      {"Final-Recipient: rfc822;a@x.example\nAction: failed\nStatus: 192.0.2.1\n", "failed||a@x.example|||\n",
       REPORT_FAILED},
      /* bytes */
      {"Final-Recipient: rfc822;a@x.example\nAction: failed\nDiagnostic-Code: X-Notes; Empf\xE4nger unbekannt\n",
       "failed||a@x.example|||Empfänger unbekannt\n", REPORT_FAILED},
      {"a line that is nothing\nanother: one\n\n\nFinal-Recipient: rfc822;a@x.example\nstray\nAction: failed\n",
       "failed||a@x.example|||\n", REPORT_FAILED},
      {"", "", REPORT_SAYS_NOTHING},
      {"Reporting-MTA: dns; x\n", "", REPORT_SAYS_NOTHING},
      {"nothing of it\n", "", REPORT_SAYS_NOTHING},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    check_status(&cases[i], i, "message/delivery-status");
    check_status(&cases[i], i, "message/global-delivery-status; charset=utf-8");
  }
}

#define REPORT(type, machine, returned)                                                                      \
  "Content-Type: multipart/report; boundary=b\n\n--b\n\nWords.\n--b\nContent-Type: message/" type "\n\n" machine \
  "\n" returned "--b--\n"
#define RETURNED(type, header) "--b\nContent-Type: " type "\n\n" header "\n"
#define STATUS "Final-Recipient: rfc822;a@x.example\nAction: failed\n"

static char *ids(struct fixture *f, const Deskbell__V1__Report *report) {
  char *all = arena_printf(f->r.arena, "%s", report->of_message_id);
  for (size_t i = 0; i < report->n_of_references; i++)
    all = arena_printf(f->r.arena, "%s %s", all, report->of_references[i]);
  return all;
}

static void test_what_is_returned(void **state) {
  (void)state;
  static const struct {
    const char *mail, *ids;
  } cases[] = {
      {REPORT("delivery-status", STATUS, RETURNED("message/rfc822", "Message-ID: <1@d>\nReferences: <a@d>\n <b@d>\n"
       "\nx")),
       "1@d a@d b@d"},
      {REPORT("delivery-status", STATUS, RETURNED("text/rfc822-headers", "message-id:<1@d>\nIn-Reply-To: <c@d>")),
       "1@d c@d"},
      {REPORT("delivery-status", STATUS, RETURNED("message/global", "Message-ID: <1@d>\nReferences: <a@d>,<b@d>\n"
                                                                    "In-Reply-To: <b@d> <c@d>\n\n"
                                                                    "x")), "1@d a@d b@d c@d"},
      {REPORT("global-delivery-status", STATUS, RETURNED("message/global-headers", "Message-ID: <1@d>")), "1@d"},
      {REPORT("delivery-status", STATUS, RETURNED("message/rfc822-headers", "Message-ID: <1@d>")), "1@d"},
      {REPORT("delivery-status", STATUS, RETURNED("message/rfc822; x=y\nContent-Transfer-Encoding: base64",
                                                  "TWVzc2FnZS1JRDogPDFAZD4KCng=")), "1@d"},
      {REPORT("delivery-status", STATUS, RETURNED("message/rfc822", "\n\nFrom x\nMessage-ID: 1@d\n\nx")), "1@d"},
      {REPORT("delivery-status", STATUS, RETURNED("message/rfc822", "Message-ID: <1 2@d>\n\nx")), ""},
      {REPORT("delivery-status", STATUS, RETURNED("message/rfc822", "")), ""},
      {REPORT("delivery-status", STATUS, ""), ""},
      {REPORT("delivery-status", "X-Original-Message-ID: <9@d>\n" STATUS, ""), "9@d"},
      {REPORT("delivery-status", STATUS, RETURNED("message/rfc822", "Message-ID: <1@d>\n\nMessage-ID: <2@d>")), "1@d"},
      {REPORT("disposition-notification", "Original-Message-ID: <9@d>\nDisposition: x/y; displayed\n",
              RETURNED("text/rfc822-headers", "Message-ID: <1@d>")), "9@d"},
  };
  for (size_t i = 0; i < COUNT(cases); i++) {
    struct fixture f;
    open_mail(&f, slice_text(cases[i].mail));
    Deskbell__V1__Report *report = report_read(&f.r, f.root);
    assert_non_null(report);
    check(i, "ids", ids(&f, report), cases[i].ids);
    close_mail(&f);
  }
}

static void test_dispositions_and_complaints(void **state) {
  (void)state;
  struct fixture f;
  open_mail(&f, SLICE(REPORT("disposition-notification",
                             "Reporting-UA: pc.example; Mail 1.0\nOriginal-Recipient: rfc822;old@x.example\n"
                             "Final-Recipient: rfc822;joe@x.example\nOriginal-Message-ID: <1@d>\n"
                             "Disposition: manual-action/MDN-sent-manually; Displayed/warning\n", "")));
  Deskbell__V1__Report *report = report_read(&f.r, f.root);
  assert_string_equal(report->kind, "disposition-notification");
  assert_string_equal(report->disposition, "displayed");
  assert_string_equal(report->reporter, "Mail 1.0");
  assert_string_equal(recipients(&f, report), "||joe@x.example|old@x.example||\n");
  assert_int_equal(report_outcome(report), REPORT_SAYS_NOTHING);
  close_mail(&f);
  open_mail(&f, SLICE(REPORT("feedback-report",
                             "Feedback-Type: Abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n"
                             "Original-Mail-From: <support@desk.example>\nOriginal-Rcpt-To: <joe@x.example>\n"
                             "Original-Rcpt-To: ann@x.example\nSource-IP: 192.0.2.1\n",
                             RETURNED("message/rfc822", "Message-ID: <1@d>\n\nx"))));
  report = report_read(&f.r, f.root);
  assert_string_equal(report->kind, "feedback-report");
  assert_string_equal(report->feedback_type, "abuse");
  assert_string_equal(report->reporter, "SomeGenerator/1.0");
  assert_string_equal(report->of_message_id, "1@d");
  assert_string_equal(recipients(&f, report), "||joe@x.example|||\n||ann@x.example|||\n");
  close_mail(&f);
  open_mail(&f, SLICE("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b\nContent-Type: message/rfc822\n\n"
                      "Content-Type: message/delivery-status\n\n" STATUS "--b--\n"));
  assert_null(report_read(&f.r, f.root)); /* inside an attached mail: that mail's business */
  close_mail(&f);
}

struct prose_case {
  const char *header, *text, *recipients, *ids;
  bool delayed;
};

static void check_prose(const struct prose_case *c, size_t number) {
  struct fixture f;
  open_mail(&f, slice_text(c->header));
  Deskbell__V1__Report *report = report_add_text(&f.r, &f.h, f.root, slice_text(c->text), !c->delayed, NULL);
  if (!report != (!*c->recipients && !*c->ids))
    fail_msg("%zu: %s", number, report ? "found something" : "found nothing");
  if (report) {
    check(number, "recipients", recipients(&f, report), c->recipients);
    check(number, "ids", ids(&f, report), c->ids);
  }
  close_mail(&f);
}

static void test_prose(void **state) {
  (void)state;
  static const struct prose_case cases[] = {
      /* qmail */
      {"", "Hi. This is the qmail-send program at mx.example.\n"
       "I'm afraid I wasn't able to deliver your message to the\n"
           "following addresses. This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
           "<joe@x.example>:\n"
           "192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 unknown\nGiving up on 192.0.2.1.\n\n"
           "<ann@y.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
           "--- Below this line is a copy of the message.\n\nReturn-Path: <support@desk.example>\n"
           "Received: (qmail 1 invoked by uid 1)\nMessage-ID: <1@d>\nReferences: <a@d>\n\nHello\n<not@this.example>:\n",
       "failed|5.1.1|joe@x.example|||192.0.2.1 does not like recipient. Remote host said: 550 5.1.1 unknown "
       "Giving up on "
       "192.0.2.1.\nfailed|5.1.1|ann@y.example|||Sorry, no mailbox here by that name. (#5.1.1)\n", "1@d a@d", false},
      /* Exim */
      {"X-Failed-Recipients: joe@x.example,\n  ann@y.example\n",
       "This message was created automatically by mail delivery software.\n\n"
       "A message that you sent could not be delivered "
       "to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
       "  joe@x.example\n"
       "    host mx.x.example [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<joe@x.example>:\n"
       "    550 5.1.1 unknown\n\n------ This is a copy of the message, including all the headers. ------\n\n"
       "Return-path: <support@desk.example>\nMessage-ID: <1@d>\n\nHello\n",
       "failed|5.1.1|joe@x.example|||host mx.x.example [192.0.2.1] SMTP error from remote mail server after RCPT "
       "TO:<joe@x.example>: 550 5.1.1 unknown\nfailed||ann@y.example|||\n", "1@d", false},
      {"X-Failed-Recipients: joe@x.example\n", "", "failed||joe@x.example|||\n", "", false},
      {"X-Failed-Recipients: joe\n", "", "", "", false},
      {"", "The following address(es) have not yet been delivered... The following address(es) failed:\n\n"
       "  joe@x.example\n"
           "    Delay reason: 4.4.1 no answer\n", "delayed|4.4.1|joe@x.example|||Delay reason: 4.4.1 no "
           "answer\n", "", true},
      /* Sendmail */
      {"",
       "   ----- The following addresses had permanent fatal errors -----\n<joe@x.example>\n"
       "    (reason: 550 5.1.1 no)\n\n"
           "   ----- Transcript of session follows -----\n... while talking to mx:\n>>> RCPT To:<joe@x.example>\n"
           "   ----- Original message follows -----\nMessage-Id: <1@d>\n",
       "failed|5.1.1|joe@x.example|||(reason: 550 5.1.1 no)\n", "1@d", false},
      /* Exchange 2003, 2010, and their languages */
      {"", "Your message\n\n  To:      joe@x.example\n  Subject: Hello\n\ndid not reach the following recipient(s):\n\n"
           "joe@x.example on Tue, 24 Nov 2026 10:30:00 +0100\n    The recipient name is not recognized\n",
       "failed||joe@x.example|||The recipient name is not recognized\n", "", false},
      {"", "Delivery has failed to these recipients or groups:\n\njoe@x.example<mailto:joe@x.example>\n"
       "The address is unknown."
           "\n\nDiagnostic information for administrators:\n\nGenerating server: mx.example\n\njoe@x.example\n"
           "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n\nOriginal message headers:\n\nReceived: from a by b\n"
           "Message-ID: <1@d>\n", "failed||joe@x.example|||The address is unknown.\n", "1@d", false},
      {"", "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\njoe@x.example (joe@x.example)\n"
           "Unbekannt.\n", "failed||joe@x.example|||Unbekannt.\n", "", false},
      /* what is not certain is left */
      {"", "A message sent by\n\n  <support@desk.example>\n\ncould not be delivered to joe@x.example\n", "", "", false},
      {"", "We could not reach\njoe@x.example\nat all.\nMessage-ID: <1@d>\n", "", "", false},
      {"", "The following address(es) failed:\n\nnot an address\n@x.example\n<joe@x.example\n<>:\n", "", "", false},
      {"", "The following address(es) failed:\n\njoe@x.example\n"
       "joe@x.example\n", "failed||joe@x.example|||\n", "", false},
      {"", "", "", "", false},
      {"", "------ This is a copy of the message ------\n\nno header\n", "", "", false},
  };
  for (size_t i = 0; i < COUNT(cases); i++)
    check_prose(&cases[i], i);
}

/* A report that has no recipients, and what it lacks. */
static void test_prose_completes_a_report(void **state) {
  (void)state;
  struct fixture f;
  open_mail(&f, SLICE("X-Failed-Recipients: joe@x.example\n" REPORT("delivery-status", "Reporting-MTA: dns; "
  "mx\n", "")));
  Deskbell__V1__Report *report = report_read(&f.r, f.root);
  struct slice text = SLICE("Original message headers:\n\nMessage-ID: <1@d>\n");
  assert_ptr_equal(report_add_text(&f.r, &f.h, f.root, text, true, report), report);
  assert_string_equal(recipients(&f, report), "failed||joe@x.example|||\n");
  assert_string_equal(report->of_message_id, "1@d");
  assert_string_equal(report->reporter, "mx");
  close_mail(&f);
  open_mail(&f, SLICE("X-Failed-Recipients: other@x.example\n" REPORT("delivery-status", STATUS, "")));
  report = report_read(&f.r, f.root);
  report_add_text(&f.r, &f.h, f.root, SLICE("<third@x.example>:\n"), true, report);
  assert_string_equal(recipients(&f, report), "failed||a@x.example|||\n"); /* it has said whom it means */
  close_mail(&f);
}

/* As much as a hostile one can say still leaves room for the rest of an event. */
static void test_a_report_fits_into_an_event(void **state) {
  (void)state;
  static char mail[512 * 1024], word[300], *at = mail;
  memset(word, 'x', sizeof(word) - 1);
  at += sprintf(at, "Content-Type: message/delivery-status\n\n");
  for (unsigned i = 0; i < 150; i++)
    at += sprintf(at, "Final-Recipient: x; %u%s\nOriginal-Recipient: x; %s\nAction: failed\nRemote-MTA: x; %s\n"
                      "Diagnostic-Code: x; %s%s%s\n", i, word, word, word, word, word, word);
  struct fixture f;
  open_mail(&f, slice_text(mail));
  contact_event *e = event_new(f.r.arena);
  e->report = report_read(&f.r, f.root);
  assert_int_equal(e->report->n_recipients, EVENT_REPORTED_MAX);
  report_bound(&f.r, e->report);
  assert_true(e->report->n_recipients > 10);
  assert_string_equal(f.r.warnings[0], "report-cut");
  assert_true(deskbell__v1__contact_event__get_packed_size(e) < REPORT_TEXT_MAX + 1024);
  assert_true(*e->report->recipients[0]->diagnostic);
  close_mail(&f);
}

static void test_limits(void **state) {
  (void)state;
  static char mail[8 * 1024 * 1024];
  struct timespec from, to;
  static const char *const pieces[] = {"Final-Recipient: rfc822; a@x.example\n", "Action: failed\n"
  "\n", "\r", "x\r", "\n",
                                       ":\n", "a:\r\r", " \r", "Original-Recipient: utf-8; "
                                       "\\x{41}\\x{\n", "<a@x.example>:\n",
                                       "the following address(es) failed\n", "Diagnostic-Code: smtp; 5.1.1 5.1.1\n"};
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (size_t i = 0; i < COUNT(pieces); i++) {
    struct fixture f;
    int head = sprintf(mail, "Content-Type: message/delivery-status\n\n");
    size_t len = (size_t)head, step = strlen(pieces[i]);
    for (; len + step < sizeof(mail); len += step)
      memcpy(mail + len, pieces[i], step);
    open_mail(&f, slice_of(mail, len));
    Deskbell__V1__Report *report = report_read(&f.r, f.root);
    assert_non_null(report);
    assert_true(report->n_recipients <= EVENT_REPORTED_MAX);
    report = report_add_text(&f.r, &f.h, f.root, slice_of(mail + head, 32 * 1024), true, NULL);
    assert_true(!report || report->n_recipients <= EVENT_REPORTED_MAX);
    close_mail(&f);
  }
  clock_gettime(CLOCK_MONOTONIC, &to);
  assert_true(to.tv_sec - from.tv_sec < 20);
}

int main(void) {
  mime_start();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_delivery_status),             cmocka_unit_test(test_what_is_returned),
      cmocka_unit_test(test_dispositions_and_complaints), cmocka_unit_test(test_prose),
      cmocka_unit_test(test_prose_completes_a_report),    cmocka_unit_test(test_a_report_fits_into_an_event),
      cmocka_unit_test(test_limits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
