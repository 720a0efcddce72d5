/* SPDX-License-Identifier: Apache-2.0 */
/* Mails of megabytes that are made to be slow, deep or many (MI-10, MI-24, MI-26): each an event that can be packed, in
 * bounded time and memory. */
#include "mail_event.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define MIB (1024 * 1024)
#define FROM "From: joe@customer.example\n"
#define SIGNED                                                                                                        \
  "Content-Type: application/pkcs7-mime\n\n\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02\xA0\x80\x30\x80"
#define BASE64(type) "Content-Type: " type "\nContent-Transfer-Encoding: base64\n\n"

struct grown {
  const char *head, *piece, *tail;
  size_t bytes;
  const char *warning; /* NULL: none in particular */
};

static const struct grown hostile[] = {
    {FROM "Subject: ", "s", "\n\nx\n", MIB, "header-cut"},
    {FROM "Subject: ", "=?", "\n\nx\n", MIB, "header-cut"},
    {FROM "Subject: ", "=?utf-8?q?", "\n\nx\n", 16000, NULL},
    {FROM, "Subject: =?a?b?=?=?=?=?=?=?=?=?=?=?=?=?=?\n", "\nx\n", MIB, NULL},
    {FROM, "Subject: x =?big5?q?=81?= =?gb2312?q?=81?=\n", "\nx\n", MIB, NULL},
    {FROM "Date: ", "(", "\n\nx\n", 16000, "date-invalid"},
    {FROM "Date: ", "1 ", "\n\nx\n", 16000, "date-invalid"},
    {FROM, "X: y\n", "\nx\n", MIB, "header-cut"},
    {FROM, "To: a@b.example\n", "\nx\n", MIB, "recipients-cut"},
    {FROM "To: ", "a@b.example, ", "\n\nx\n", MIB, "header-cut"},
    {"", "From: a@b.example\n", "\nx\n", MIB, "from-several"},
    {FROM "Content-Type: text/plain", ";a=\"x", "\n\nx\n", 16000, NULL},
    {FROM "Content-Type: text/plain", ";a=\"x\"y", "\n\nx\n", 16000, NULL},
    {FROM "Content-Type: text/plain", "; name=\"", "\n\nx\n", 16000, NULL},
    {FROM "Content-Type: text/plain", ";name*0*=''%", "\n\nx\n", 16000, NULL},
    {FROM "Content-Type: text/plain; name=a", " name", "\n\nx\n", 16000, NULL},
    {FROM "Content-Type: ", "(", "text/plain\n\nx\n", 16000, NULL},
    {FROM "Content-Type: ", "Content-Type: ", "\n\nx\n", 16000, NULL},
    {FROM "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n", "--b--\n", MIB, "too-many-parts"},
    {FROM "Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: text/html\n\n<p>x\n", "", MIB,
     "too-many-parts"},
    {FROM "Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: a/b; name=a.pdf\n\nx\n", "", MIB,
     "too-many-parts"},
    {FROM "Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n", "",
     MIB, "too-many-parts"},
    {FROM "Content-Type: multipart/mixed; boundary=b\n\n", "--b\nContent-Type: text/calendar\n\nBEGIN:X\n", "", MIB,
     "too-many-parts"},
    {FROM "Content-Type: multipart/mixed; boundary=b\n\n",
     "--b\nContent-Type: application/ms-tnef\n\n\x78\x9F\x3E\x22xx\n", "", MIB, "too-many-parts"},
    {FROM "Content-Type: multipart/alternative; boundary=b\n\n",
     "--b\nContent-Type: multipart/alternative; boundary=b\n\n", "", MIB, NULL},
    {FROM "Content-Type: multipart/mixed; boundary=b\n\nContent-", "Content-", "\n--b\n\nx\n", MIB, NULL},
    {FROM "Content-Type: message/rfc822\n\n", "Content-Type: message/rfc822\n\n", "x\n", MIB, NULL},
    {FROM BASE64("text/plain"), "=", "", MIB, NULL},
    {FROM BASE64("text/plain"), "(", "", MIB, NULL},
    {FROM BASE64("text/plain"), "=\n(", "", MIB, NULL},
    {FROM BASE64("text/plain"), "a b ", "", MIB, "transfer-encoding-wrong"},
    {FROM BASE64("text/plain"), "YQ==\n", "", MIB, NULL},
    {FROM "Content-Transfer-Encoding: x\n\n", "YWJj", "", MIB, "transfer-encoding-unknown"},
    {FROM "\n", "=ybegin size=1 name=x\n", "", MIB, NULL},
    {FROM "\n", "=ybegin ", "", MIB, NULL},
    {FROM "\n=ybegin size=1 name=x\n", "==", "", MIB, NULL},
    {FROM "\n=ybegin size=1 name=x\n", "=ypart \n", "", MIB, NULL},
    {FROM "\nbegin 644 a\n", "M__________\n", "b\n", MIB, NULL},
    {FROM "Content-Type: text/html\n\n", "<img src=cid:a%40>", "", MIB, NULL},
    {FROM "Content-Type: text/html\n\n<img src=\"data:image/png;base64,", "iVBORw0KGgo=", "\">x", 5 * MIB, "text-cut"},
    {FROM "Content-Type: text/html\n\n", "<a href=\"http://x.example/\">y</a> ", "", MIB, NULL},
    {FROM "Content-Type: text/plain; charset=iso-2022-jp\n\n", "\x1B$B", "", MIB, NULL},
    {FROM "Content-Type: text/plain; charset=iso-2022-jp\n\n", "\x1B$B!!\x93", "", MIB, NULL},
    {FROM "Content-Type: text/plain; charset=shift_jis\n\n", "\xFF\xFD", "", 4 * MIB, "charset-broken"},
    {FROM "Content-Type: text/plain; charset=hz-gb-2312\n\n", "~{", "", MIB, NULL},
    {FROM "Content-Type: text/plain; charset=iso-2022-kr\n\n", "\x0E!!\x0F", "", MIB, NULL},
    {FROM "Content-Type: text/plain; charset=utf-7\n\n", "+AOQ \xFF", "", MIB, "charset-broken"},
    {FROM "Content-Type: text/plain; charset=utf-16\n\n", "\xD8", "x", MIB, "charset-broken"},
    {FROM "Content-Type: text/plain; charset=x\n\n", "\xC3\xA4\xE4", "", 4 * MIB, NULL},
    {FROM "Content-Type: text/calendar\n\nBEGIN:VEVENT\n", "BEGIN:VTIMEZONE\n", "", MIB, NULL},
    {FROM "Content-Type: text/calendar\n\n", "BEGIN:VTIMEZONE\nBEGIN:STANDARD\nRRULE:FREQ=YEARLY;;;\n", "", MIB,
     NULL},
    {FROM "Content-Type: text/calendar\n\nBEGIN:VEVENT\n", "x", "", MIB, NULL},
    {FROM "Content-Type: text/calendar\n\nBEGIN:VEVENT\n", "x\n", "", MIB, NULL},
    {FROM "Content-Type: text/calendar\n\nBEGIN:VEVENT\n", "ATTENDEE;;;=\";\"=;PARTSTAT=:mailto:\n", "", MIB, NULL},
    {FROM "Content-Type: text/calendar\n\nBEGIN:VEVENT\n", "UID:\nSUMMARY:\n", "", MIB, NULL},
    {FROM "Content-Type: application/pkcs7-mime\n\n", "\x30\x80", "", MIB, "smime-broken"},
    {FROM SIGNED, "\x24\x80", "", MIB, "smime-broken"},
    {FROM SIGNED "\x02\x01\x01\x31\x01\x01\x30\x80\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01\xA0\x80\x24\x80",
     "\x04\x01\n", "", MIB, "signed-unverified"},
};

static void check(const char *what, struct slice raw, const char *warning) {
  struct mail_event m;
  clock_t before = clock();
  mail_event_read(&m, raw);
  double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
  if (m.outcome != 0)
    fail_msg("%s: outcome %d", what, m.outcome);
  /* CPU seconds, far above what linear takes under a sanitizer and far below what quadratic does. */
  if (seconds > 8)
    fail_msg("%s took %.1f s", what, seconds);
  bool found = !warning;
  for (size_t i = 0; i < m.result.event->n_warnings && !found; i++)
    found = strcmp(m.result.event->warnings[i], warning) == 0;
  if (!found)
    fail_msg("%s did not warn %s", what, warning);
  const char *why;
  struct buf packed = BUF_INIT(EVENT_MAX_BYTES);
  assert_int_equal(event_pack(m.result.event, m.arena, &packed), 0);
  if (event_check(m.result.event, &why) != 0)
    fail_msg("%s: %s", what, why);
  assert_true(m.result.blob_count <= 1002);
  buf_free(&packed);
  mail_event_free(&m);
}

static void test_hostile(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
    const struct grown *g = &hostile[i];
    struct buf mail = BUF_INIT(16 * MIB);
    char what[80];
    size_t piece = strlen(g->piece);
    buf_add_text(&mail, g->head);
    for (size_t len = 0; len < g->bytes; len += piece)
      buf_add(&mail, g->piece, piece);
    buf_add_text(&mail, g->tail);
    snprintf(what, sizeof(what), "hostile %zu (%.40s…)", i, g->piece);
    check(what, buf_slice(&mail), g->warning);
    buf_free(&mail);
  }
}

/* MI-10: five thousand levels, each with a boundary of its own; the same of mails in mails in multiparts. */
static void test_nested(void **state) {
  (void)state;
  static const char *const between[] = {"", "Content-Type: message/rfc822\n\n"};
  for (size_t kind = 0; kind < 2; kind++) {
    struct buf mail = BUF_INIT(4 * MIB);
    for (int i = 0; i < 5000; i++)
      buf_printf(&mail, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n%s", i, i, between[kind]);
    buf_add_text(&mail, "\ndeep\n");
    check(kind ? "mails in mails" : "five thousand levels", buf_slice(&mail), kind ? NULL : "too-deep");
    buf_free(&mail);
  }
}

/* Fields of every part at their limit. */
static void test_long_fields_in_every_part(void **state) {
  (void)state;
  struct buf mail = BUF_INIT(16 * MIB);
  buf_add_text(&mail, FROM "Content-Type: multipart/mixed; boundary=b\n\n");
  for (int part = 0; part < 300; part++) {
    buf_add_text(&mail, "--b\nContent-Type: a/b");
    for (int i = 0; i < 1300; i++)
      buf_printf(&mail, ";name*%d*=''%%", i % 7 ? i : 0);
    buf_add_text(&mail, "\nContent-Disposition: attachment");
    for (int i = 0; i < 1600; i++)
      buf_add_text(&mail, ";a=\"x \"y");
    buf_add_text(&mail, "\n\nx\n");
  }
  check("long fields", buf_slice(&mail), "parameters-cut");
  buf_free(&mail);
}

/* MI-28: a thousand attachments of one name, short and as long as a name may be. */
static void test_same_names(void **state) {
  (void)state;
  for (int kind = 0; kind < 2; kind++) {
    struct buf mail = BUF_INIT(4 * MIB);
    buf_add_text(&mail, FROM "Content-Type: multipart/mixed; boundary=b\n\n");
    for (int part = 0; part < 1100; part++)
      buf_printf(&mail, "--b\nContent-Type: a/b; name=\"%0*d.pdf\"\n\n%d\n", kind ? 400 : 1, 7, part);
    check(kind ? "long names" : "short names", buf_slice(&mail), "too-many-parts");
    buf_free(&mail);
  }
}

/* Files in texts count as attachments do. */
static void test_many_files_in_texts(void **state) {
  (void)state;
  struct buf mail = BUF_INIT(4 * MIB);
  buf_add_text(&mail, FROM "Content-Type: multipart/mixed; boundary=b\n\n");
  for (int part = 0; part < 40; part++) {
    buf_add_text(&mail, "--b\n\n");
    for (int file = 0; file < 120; file++)
      buf_printf(&mail, "begin 644 f%d\n#0V%%T\n`\nend\n", part * 1000 + file);
  }
  buf_add_text(&mail, "--b\nContent-Type: a/b\n\nx\n--b--\n");
  check("files in texts", buf_slice(&mail), "too-many-attachments");
  buf_free(&mail);
}

/* MI-17: many pictures in a page that refers to everything, by short locations. */
static void test_many_locations(void **state) {
  (void)state;
  struct buf mail = BUF_INIT(8 * MIB);
  buf_add_text(&mail, FROM "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n");
  while (mail.len < 3 * MIB)
    buf_add_text(&mail, "<img src='a'>aaaaaaa");
  for (int part = 0; part < 200; part++)
    buf_printf(&mail, "\n--b\nContent-Type: image/png\nContent-Location: a\nContent-ID: <%d@x>\n\n%d", part, part);
  check("locations", buf_slice(&mail), NULL);
  buf_free(&mail);
}

/* TNEF in TNEF, five thousand deep. */
static void test_nested_tnef(void **state) {
  (void)state;
  static const char head[] = "\x78\x9F\x3E\x22\1\0";
  static const char next[] = "\2\x02\x90\6\0\0\0\0\0\0\0";
  static const char object[] = "\1\0\0\0\x0D\0\x01\x37\1\0\0\0";
  static const char id[] = "\x07\x03\x02\0\0\0\0\0\xC0\0\0\0\0\0\0\x46";
  struct buf mail = BUF_INIT(4 * MIB);
  buf_add_text(&mail, FROM "Content-Type: application/ms-tnef\n\n");
  for (int i = 0; i < 5000; i++) {
    buf_add(&mail, head, sizeof(head) - 1);
    buf_add(&mail, next, sizeof(next) - 1);
    buf_add(&mail, "\2\x05\x90\6\0\0\0\0\x10", 9); /* a length that claims too much */
    buf_add(&mail, object, sizeof(object) - 1);
    buf_add(&mail, "\0\0\0\x10", 4);
    buf_add(&mail, id, sizeof(id) - 1);
  }
  check("nested TNEF", buf_slice(&mail), "tnef-broken");
  buf_free(&mail);
}

/* MI-24: an attachment of fifty MiB in base64, within what the parser has. */
static void test_large_attachment(void **state) {
  (void)state;
  struct buf mail = BUF_INIT(80 * MIB);
  buf_add_text(&mail, FROM "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee file.\n--b\n"
                      "Content-Type: video/mp4; name=film.mp4\nContent-Transfer-Encoding: base64\n\n");
  while (mail.len < 68 * MIB)
    buf_add_text(&mail, "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\n");
  buf_add_text(&mail, "--b--\n");
  check("large attachment", buf_slice(&mail), NULL);
  buf_free(&mail);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_hostile),
      cmocka_unit_test(test_nested),
      cmocka_unit_test(test_long_fields_in_every_part),
      cmocka_unit_test(test_same_names),
      cmocka_unit_test(test_many_files_in_texts),
      cmocka_unit_test(test_many_locations),
      cmocka_unit_test(test_nested_tnef),
      cmocka_unit_test(test_large_attachment),
  };
  mime_start();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
