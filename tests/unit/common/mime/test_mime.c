/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of mime.h: what an event's id depends on, limits, hostile mail, blobs, the quarantine entry. */
#include "base/digest.h"
#include "mail_event.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define HEAD "From: Joe <joe@customer.example>\nTo: support@desk.example\nSubject: Printer\n" \
             "Date: Tue, 24 Nov 2026 10:30:00 +0100\n"
#define ID "Message-ID: <1@customer.example>\n"

static void id_of(const char *channel, const char *mail, char ret[EVENT_ID_LEN + 1]) {
  const struct mime_envelope envelope = {.channel = slice_text(channel), .mail_from = SLICE("joe@customer.example")};
  struct event_id id = mime_event_id(&envelope, slice_text(mail));
  event_id_text(&id, ret);
}

/* TH-08, TH-09 */
static void test_identity(void **state) {
  (void)state;
  static const struct {
    const char *channel, *mail;
    bool same;
  } cases[] = {
      {"support", HEAD ID "\nHello.\n", true},
      {"support", "Received: from a by b; Tue, 24 Nov 2026\n" HEAD ID "\nHello.\n", true},
      {"support", "Return-Path: <joe@customer.example>\nDelivered-To: a@b\nReceived: from c\n\tby d\nReceived: x\n" HEAD
                  "X-Spam-Status: No\nARC-Seal: i=1\n" ID "\nHello.\n", true},
      {"support", "From joe@customer.example Tue Nov 24\n" HEAD ID "\nHello.\n", true},
      {"support", "\n\n" HEAD ID "\nHello.\n\n\n", true},
      {"support", HEAD ID "\nHello.", true},
      {"support", HEAD ID "\nHello!\n", false},
      {"support", HEAD "X-Mailer: y\n" ID "\nHello.\n", false},
      {"support", HEAD "DKIM-Signature: v=1; b=x\n" ID "\nHello.\n", false},
      {"support", HEAD "Message-ID: <2@customer.example>\n\nHello.\n", false},
      {"support", HEAD "\nHello.\n", false},
      {"sales", HEAD ID "\nHello.\n", false},
  };
  char first[EVENT_ID_LEN + 1], id[EVENT_ID_LEN + 1];
  id_of("support", HEAD ID "\nHello.\n", first);
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    id_of(cases[i].channel, cases[i].mail, id);
    if ((strcmp(first, id) == 0) != cases[i].same)
      fail_msg("case %zu", i);
    struct buf crlf = mail_crlf(slice_text(cases[i].mail));
    char again[EVENT_ID_LEN + 1];
    id_of(cases[i].channel, crlf.at, again);
    assert_string_equal(again, id);
    buf_free(&crlf);
  }
}

/* Mails of nothing: a repeat is the same one, another sender's is not; where there are words, who sent them is not
 * asked. */
static void test_identity_of_nothing(void **state) {
  (void)state;
#define HOP "Received: from a by b id 1; Tue, 24 Nov 2026\n"
  static const struct {
    const char *mail, *from;
    bool null_path;
    const char *other_mail, *other_from;
    bool other_null, same;
  } cases[] = {
      {"", "a@b", false, "", "a@b", false, true},
      {"", "a@b", false, "\n\n", "a@b", false, true},
      {"", "a@b", false, "", "c@d", false, false},
      {"", "", true, "", "<>", true, true},
      {"", "", true, "", "a@b", false, false},
      {" \n\t\n", "a@b", false, " \n\t\n", "c@d", false, false},
      {HOP, "a@b", false, HOP, "c@d", false, false},
      {HOP, "a@b", false, "Received: from x by y\nReturn-Path: <a@b>\n" HOP "\n", "a@b", false, true},
      {HOP, "a@b", false, "Received: from a by b id 2; Tue, 24 Nov 2026\n", "a@b", false, false},
      {HEAD ID "\nHello.\n", "a@b", false, HEAD ID "\nHello.\n", "c@d", false, true},
      {"Subject:\n\n", "a@b", false, "Subject:\n\n", "c@d", false, true},
      {"\nx", "a@b", false, "\nx", "c@d", false, true},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const struct mime_envelope one = {.channel = SLICE("support"), .mail_from = slice_text(cases[i].from),
                                      .null_path = cases[i].null_path, .received_ms = 1};
    const struct mime_envelope other = {.channel = SLICE("support"), .mail_from = slice_text(cases[i].other_from),
                                        .null_path = cases[i].other_null, .received_ms = 2};
    struct event_id a = mime_event_id(&one, slice_text(cases[i].mail));
    struct event_id b = mime_event_id(&other, slice_text(cases[i].other_mail));
    if ((memcmp(&a, &b, sizeof(a)) == 0) != cases[i].same)
      fail_msg("case %zu", i);
  }
}

/* Ids stay what they were: what a desk has seen must not come again as something new after an upgrade. */
static void test_identity_of_yesterday(void **state) {
  (void)state;
  char id[EVENT_ID_LEN + 1];
  id_of("support", HEAD ID "\nHello.\n", id);
  assert_string_equal(id, "22qbvgtjjxjz5ag8s70cdrk1v4");
  id_of("support", HEAD "\nHello.\n", id);
  assert_string_equal(id, "50axpypxw23w1p5dg3jy4y6vk0");
  id_of("support", "\nno header\n", id);
  assert_string_equal(id, "hf6f5ky7ys8hg6f1kmdfhzfszw");
}

static void test_event_has_that_identity(void **state) {
  (void)state;
  struct mail_event m;
  char id[EVENT_ID_LEN + 1];
  mail_event_read(&m, SLICE(HEAD "\nHello.\n"));
  assert_int_equal(m.outcome, 0);
  id_of("support", HEAD "\nHello.\n", id);
  assert_string_equal(m.result.event->id, id);
  assert_memory_equal(m.result.event->source_id, "digest:", 7);
  assert_int_equal(strlen(m.result.event->source_id), 7 + 64);
  event_id_text(&m.result.id, id);
  assert_string_equal(m.result.event->id, id);
  mail_event_free(&m);
}

static void test_message_id_forms(void **state) {
  (void)state;
  static const struct {
    const char *field, *found;
  } cases[] = {
      {"Message-ID: <a@b>\n", "a@b"},
      {"MESSAGE-ID:a@b \n", "a@b"},
      {"Message-Id: junk <a@b> (x)\n", "a@b"},
      {"Message-ID: <a@b\n", "a@b"},
      {"Message-ID:\n <a@b>\n", "a@b"},
      {"Message-ID: < a@b >\n", "a@b"},
      {"Message-ID: <a\n @b>\n", ""},
      {"Message-ID: <a b@c>\n", ""},
      {"Message-ID: <>\n", ""},
      {"Message-ID:\nMessage-ID: <second@b>\n", "second@b"},
      {"", ""},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char mail[200];
    uint8_t digest[32];
    struct slice found;
    snprintf(mail, sizeof(mail), "From: a@b\n%s\nx\n", cases[i].field);
    mime_digest(slice_text(mail), &(struct mime_envelope){0}, digest, &found);
    if (!slice_equal(found, slice_text(cases[i].found)))
      fail_msg("%s: %.*s", cases[i].field, (int)found.len, found.at);
  }
}

static void test_unreadable_and_quarantine(void **state) {
  (void)state;
  static const struct slice blanks[] = {{"", 0}, {"\r\n\r\n", 4}, {" \0 \n", 4}};
  for (size_t i = 0; i < 3; i++) {
    struct mail_event m;
    mail_event_read(&m, blanks[i]);
    assert_int_equal(m.outcome, MIME_UNREADABLE);
    assert_string_equal(m.why, "empty");
    mail_event_free(&m);
  }
  const struct mime_envelope envelope = {.channel = SLICE("support"), .mail_from = SLICE(""), .null_path = true,
                                         .received_ms = 1};
  struct arena *a = arena_new(4096, 64 * 1024);
  const char *why;
  contact_event *e = mime_quarantine(a, SLICE(HEAD ID "\nx\n"), &envelope, "parser-died", "It\ndied.");
  assert_non_null(e);
  assert_int_equal(event_check(e, &why), 0);
  assert_int_equal(e->kind, DESKBELL__V1__EVENT_KIND__QUARANTINE);
  assert_string_equal(e->quarantine->reason, "parser-died");
  assert_string_equal(e->quarantine->detail, "It died.");
  assert_string_equal(e->source_id, "1@customer.example");
  assert_string_equal(e->envelope_from, "<>");
  char id[EVENT_ID_LEN + 1];
  id_of("support", HEAD ID "\nx\n", id);
  assert_string_equal(e->id, id);
  arena_free(&a);
  a = arena_new(16, 64);
  assert_null(mime_quarantine(a, SLICE("x"), &envelope, "parser-died", ""));
  arena_free(&a);
}

static void test_no_memory_is_said(void **state) {
  (void)state;
  static char mail[200000] = HEAD "Content-Type: text/html; charset=koi8-r\n\n";
  memset(mail + strlen(mail), 'x', sizeof(mail) - strlen(mail) - 1);
  const struct mime_envelope envelope = {.channel = SLICE("support"), .mail_from = SLICE("a@b.example")};
  for (size_t ceiling = 64; ceiling < 400000; ceiling += ceiling / 3) {
    struct arena *a = arena_new(64, ceiling);
    struct mime_result result = {0};
    const char *why;
    assert_int_equal(mime_to_event(slice_text(mail), &envelope, a, &result, &why), -ENOMEM);
    assert_null(result.event);
    arena_free(&a);
  }
}

static void test_null_path(void **state) {
  (void)state;
  const struct mime_envelope envelope = {.channel = SLICE("support"), .mail_from = SLICE(""), .null_path = true};
  struct arena *a = arena_new(4096, 1024 * 1024);
  struct mime_result result;
  const char *why;
  assert_int_equal(mime_to_event(SLICE(HEAD "Auto-Submitted: auto-replied\n\nx\n"), &envelope, a, &result, &why), 0);
  assert_string_equal(result.event->envelope_from, "<>");
  assert_string_equal(result.event->automatic->kind, "reply");
  assert_int_equal(result.event->automatic->n_evidence, 2);
  assert_int_equal(mime_to_event(SLICE(HEAD "\nx\n"), &envelope, a, &result, &why), 0);
  assert_string_equal(result.event->automatic->kind, "bounce");
  assert_string_equal(result.event->automatic->evidence[0], "AR-01 null-return-path");
  mime_result_free(&result);
  arena_free(&a);
}

static bool warned(const contact_event *e, const char *warning) {
  for (size_t i = 0; i < e->n_warnings; i++)
    if (strcmp(e->warnings[i], warning) == 0)
      return true;
  return false;
}

static void check_blobs(const struct mail_event *m) {
  for (size_t i = 0; i < m->result.blob_count; i++) {
    uint8_t digest[32];
    sha256(m->result.blobs[i].bytes, digest);
    assert_memory_equal(digest, m->result.blobs[i].sha256, 32);
  }
}

static void test_long_text(void **state) {
  (void)state;
  static char mail[200000] = HEAD "Content-Type: text/plain; charset=utf-8\n\na";
  size_t head = strlen(mail) - 1, len = head + 1;
  while (len + 2 < 100000)
    len += (size_t)sprintf(mail + len, "ä");
  struct mail_event m;
  mail_event_read(&m, slice_of(mail, len));
  assert_int_equal(m.outcome, 0);
  assert_int_equal(strlen(m.result.event->text), EVENT_TEXT_MAX - 1); /* not inside a character */
  assert_int_equal(m.result.event->text_blob->size, len - head);
  assert_int_equal(m.result.blob_count, 1);
  check_blobs(&m);
  struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
  assert_int_equal(event_pack(m.result.event, m.arena, &packed), 0);
  buf_free(&packed);
  mail_event_free(&m);
}

static void test_equal_attachments_are_one_blob(void **state) {
  (void)state;
#define PART "--b\nContent-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\nAAAA\n"
  struct mail_event m;
  mail_event_read(&m, SLICE(HEAD "Content-Type: multipart/mixed; boundary=b\n\n" PART PART PART "--b--\n"));
  assert_int_equal(m.outcome, 0);
  assert_int_equal(m.result.event->n_attachments, 3);
  assert_string_equal(m.result.event->attachments[0]->name, "a.png");
  assert_string_equal(m.result.event->attachments[1]->name, "a (2).png");
  assert_string_equal(m.result.event->attachments[2]->name, "a (3).png");
  assert_int_equal(m.result.blob_count, 1);
  check_blobs(&m);
  mail_event_free(&m);
}

/* --- hostile mail: bounded time and memory, still an event --- */

struct grown {
  const char *head, *piece, *tail;
  size_t bytes;
  const char *warning; /* NULL: none in particular */
};

static const struct grown hostile[] = {
    {"From: joe@customer.example\nTo: ", "a:", "\n\nx\n", 200000, "header-cut"},
    {"From: joe@customer.example\nTo: ", "a:", "\n\nx\n", 16000, NULL},
    {"From: joe@customer.example\nTo: ", "(", "\n\nx\n", 16000, NULL},
    {"From: joe@customer.example\nTo: ", "((a)", "\n\nx\n", 16000, NULL},
    {"From: joe@customer.example\nTo: ", "<", "\n\nx\n", 16000, NULL},
    {"From: joe@customer.example\nTo: ", "\"", "\n\nx\n", 16000, NULL},
    {"From: joe@customer.example\nTo: ", "\"<(", "\n\nx\n", 16000, NULL},
    {"From: joe@customer.example\nTo: ", "a@b.example,", "\n\nx\n", 15000, "recipients-cut"},
    {"From: joe@customer.example\n", "To: a@b.example, c@d.example, e@f.example\n", "\nx\n", 100000, "recipients-cut"},
    {"From: joe@customer.example\nSubject: ", "=?a?q?", "\n\nx\n", 16000, NULL},
    {"From: joe@customer.example\nSubject: ", "=?utf-8?q?a?= ", "\n\nx\n", 16000, NULL},
    {"From: joe@customer.example\nSubject: ", "=?gb2312?q?=81?= =?big5?b?gQ==?= ", "\n\nx\n", 16000, NULL},
    {"From: joe@customer.example\nReferences: ", "<a@b.example>", "\n\nx\n", 16000, NULL},
    {"From: joe@customer.example\n", "References: <", "\n\nx\n", 100000, NULL},
    {"From: joe@customer.example\n", "X: y\n", "\nx\n", 2000000, "header-cut"},
    {"From: joe@customer.example\n", "a", "\n\nx\n", 2000000, NULL},
    {"From: joe@customer.example\n", "stray\n", "\nx\n", 2000000, NULL},
    {"Content-Type: text/plain", "; a=b", "\n\nx\n", 16000, NULL},
    {"Content-Type: text/plain", ";name*1*=a'", "\n\nx\n", 16000, NULL},
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", "--b--\n", 2000000, "too-many-parts"},
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--b\n", "--b--\n", 2000000, NULL},
    {"Content-Type: multipart/mixed; boundary=b\n\n", "--b--\n", "", 2000000, NULL},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n", "--", "\n", 2000000, NULL},
    {"Content-Type: multipart/mixed; boundary=b\n\n--b\n", "--\r", "\n", 2000000, NULL},
    {"", "Content-Type: message/rfc822\n\n", "x\n", 1000000, NULL},
    {"", "Content-Type: multipart/mixed; boundary=b\n\n--b\n", "\nx\n--b--\n", 1000000, NULL},
    {"\n", "begin 644 a\n", "x\n", 2000000, NULL},
    {"\n", "begin 644 a\r", "x\n", 2000000, NULL},
    {"\nbegin 644 a\n", "M\n", "end\n", 2000000, NULL},
    {"Content-Type: text/plain; charset=utf-7\n\n", "+", "x\n", 2000000, NULL},
    {"Content-Type: text/plain; charset=gb18030\n\n", "\xFF\xFE", "x\n", 2000000, NULL},
    {"Content-Type: text/plain; format=flowed\n\n", "> \n", "x\n", 2000000, NULL},
    {"Content-Type: text/plain; format=flowed\n\n", ">", "x\n", 2000000, NULL},
    {"Content-Type: text/html\n\n", "<b></i>", "x\n", 2000000, NULL},
    {"Content-Type: text/html\n\n", "<img src=cid:>", "x\n", 2000000, NULL},
    {"Content-Type: text/html; charset=koi8-r\n\n", "\xC1", "x\n", 6000000, "text-cut"},
    {"Content-Type: text/calendar\n\n", "UID:", "x\n", 2000000, NULL},
    {"\n", "\r", "x\n", 2000000, NULL},
    {"\n", "\xC3", "x\n", 2000000, NULL},
    {"Content-Transfer-Encoding: quoted-printable\n\n", "=", "x\n", 2000000, NULL},
    {"Content-Transfer-Encoding: quoted-printable\n\n", "= ", "x\n", 300000, NULL},
};

static struct buf grow(const struct grown *g) {
  struct buf mail = BUF_INIT(16 * 1024 * 1024);
  size_t piece = strlen(g->piece);
  buf_add_text(&mail, g->head);
  for (size_t len = 0; len < g->bytes; len += piece)
    buf_add(&mail, g->piece, piece);
  buf_add_text(&mail, g->tail);
  return mail;
}

/* CPU seconds of this process, far above what linear takes under a sanitizer and far below what quadratic does. */
static void test_hostile(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
    struct buf mail = grow(&hostile[i]);
    struct mail_event m;
    clock_t before = clock();
    mail_event_read(&m, buf_slice(&mail));
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    if (m.outcome != 0)
      fail_msg("hostile %zu: outcome %d", i, m.outcome);
    if (seconds > 8)
      fail_msg("hostile %zu (%s…) took %.1f s", i, hostile[i].piece, seconds);
    if (hostile[i].warning && !warned(m.result.event, hostile[i].warning))
      fail_msg("hostile %zu did not warn %s", i, hostile[i].warning);
    const char *why;
    struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
    assert_int_equal(event_pack(m.result.event, m.arena, &packed), 0);
    if (event_check(m.result.event, &why) != 0)
      fail_msg("hostile %zu: %s", i, why);
    check_blobs(&m);
    buf_free(&packed);
    mail_event_free(&m);
    buf_free(&mail);
  }
}

/* MI-10: each level has a boundary of its own, so that it is really deep. */
static void test_depth(void **state) {
  (void)state;
  struct buf mail = BUF_INIT(1024 * 1024);
  for (int i = 0; i < 1000; i++)
    buf_printf(&mail, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
  buf_add_text(&mail, "\ndeep\n");
  struct mail_event m;
  mail_event_read(&m, buf_slice(&mail));
  assert_int_equal(m.outcome, 0);
  assert_true(warned(m.result.event, "too-deep"));
  assert_int_equal(m.result.event->n_attachments, 1);
  assert_string_equal(m.result.event->attachments[0]->name, "rest-of-mail.eml");
  mail_event_free(&m);
  buf_free(&mail);
}

/* MI-24: what is cut stays whole in the attachment. */
static void test_huge_text_is_attached(void **state) {
  (void)state;
  struct buf mail = BUF_INIT(16 * 1024 * 1024);
  buf_add_text(&mail, HEAD "Content-Type: text/plain; charset=utf-8\n\n");
  size_t head = mail.len;
  while (mail.len < 6 * 1024 * 1024)
    buf_add_text(&mail, "a line of a very long log\n");
  struct mail_event m;
  mail_event_read(&m, buf_slice(&mail));
  assert_int_equal(m.outcome, 0);
  assert_true(warned(m.result.event, "text-cut"));
  assert_int_equal(m.result.event->n_attachments, 1);
  assert_int_equal(m.result.event->attachments[0]->blob->size, mail.len - head);
  assert_true(m.result.event->text_blob->size <= 4 * 1024 * 1024);
  mail_event_free(&m);
  buf_free(&mail);
}

static void test_many_references(void **state) {
  (void)state;
  struct buf mail = BUF_INIT(1024 * 1024);
  buf_add_text(&mail, HEAD "References:");
  for (int i = 0; i < 300; i++)
    buf_printf(&mail, " <%d@x.example>\n", i);
  buf_add_text(&mail, "\nx\n");
  struct mail_event m;
  mail_event_read(&m, buf_slice(&mail));
  assert_int_equal(m.outcome, 0);
  const Deskbell__V1__ThreadHints *t = m.result.event->thread;
  assert_int_equal(t->n_references, 200);
  assert_string_equal(t->references[0], "0@x.example");
  assert_string_equal(t->references[1], "101@x.example");
  assert_string_equal(t->references[199], "299@x.example");
  mail_event_free(&m);
  buf_free(&mail);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_identity),
      cmocka_unit_test(test_identity_of_nothing),
      cmocka_unit_test(test_identity_of_yesterday),
      cmocka_unit_test(test_event_has_that_identity),
      cmocka_unit_test(test_message_id_forms),
      cmocka_unit_test(test_unreadable_and_quarantine),
      cmocka_unit_test(test_no_memory_is_said),
      cmocka_unit_test(test_null_path),
      cmocka_unit_test(test_long_text),
      cmocka_unit_test(test_equal_attachments_are_one_blob),
      cmocka_unit_test(test_hostile),
      cmocka_unit_test(test_depth),
      cmocka_unit_test(test_huge_text_is_attached),
      cmocka_unit_test(test_many_references),
  };
  mime_start();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
