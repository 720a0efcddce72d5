/* SPDX-License-Identifier: Apache-2.0 */
/* Mail that goes out, byte for byte; and what nobody can smuggle into it. */
#include "compose.h"
#include "header_write.h"
#include "transfer_write.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void test_text_fields(void **state) {
  (void)state;
  static const struct {
    const char *value, *line;
  } cases[] = {
      {"Re: My order", "Subject: Re: My order\r\n"},
      {"", ""},
      {"  \t ", ""},
      {"Grüße", "Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"},
      {"a =?utf-8?Q?b?= c", "Subject: =?utf-8?Q?a_=3D=3Futf-8=3FQ=3Fb=3F=3D_c?=\r\n"},
      {"a\r\nBcc: x@example.org", "Subject: a Bcc: x@example.org\r\n"},
      {"a\rb\nc\x01" "d\x7f", "Subject: a b c d\r\n"},
      {"ü\r\nBcc: x@example.org", "Subject: =?utf-8?Q?=C3=BC__Bcc=3A_x=40example=2Eorg?=\r\n"},
      {"注文の件について", "Subject: =?utf-8?B?5rOo5paH44Gu5Lu244Gr44Gk44GE44Gm?=\r\n"},
      {"The quick brown fox jumps over the lazy dog and then it jumps over the lazy dog again and again",
       "Subject: The quick brown fox jumps over the lazy dog and then it jumps over\r\n"
       " the lazy dog again and again\r\n"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct buf out = BUF_INIT(4096);
    header_write_text(&out, "Subject", slice_text(cases[i].value));
    assert_string_equal(out.at ? out.at : "", cases[i].line);
    buf_free(&out);
  }
}

static void check_lines(struct slice text, size_t most, const char *what) {
  for (size_t at = 0; at < text.len;) {
    const char *end = memmem(text.at + at, text.len - at, "\r\n", 2);
    assert_non_null(end);
    size_t len = (size_t)(end - text.at) - at;
    if (len > most)
      fail_msg("%s: a line of %zu: %.*s", what, len, (int)len, text.at + at);
    for (size_t i = at; i < at + len; i++)
      if (text.at[i] == '\r' || text.at[i] == '\n' || text.at[i] == '\0' || (uint8_t)text.at[i] > '~')
        fail_msg("%s: byte %02x in %.*s", what, (uint8_t)text.at[i], (int)len, text.at + at);
    at += len + 2;
  }
}

/* AR-38: however long, in lines of 76, never cut inside a character. */
static void test_long_subjects(void **state) {
  (void)state;
  static const char *const runs[] = {"é", "注文", "a", "a ", "a注", "😀", "=?", "\x80\x80", "\xf0\x9f"};
  for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++)
    for (size_t count = 1; count < 400; count += 7) {
      struct buf value = BUF_INIT(8192), out = BUF_INIT(65536);
      for (size_t k = 0; k < count; k++)
        buf_add_text(&value, runs[i]);
      header_write_text(&out, "Subject", buf_slice(&value));
      check_lines(buf_slice(&out), strcmp(runs[i], "a ") == 0 ? 78 : 76, runs[i]);
      struct slice rest = buf_slice(&out), line;
      while (slice_split(&rest, '\n', &line))
        assert_true(line.len == 0 || line.at[0] == ' ' || memcmp(line.at, "Subject:", 8) == 0);
      buf_free(&out);
      buf_free(&value);
    }
}

static void test_mailboxes(void **state) {
  (void)state;
  static const struct {
    const char *display, *line;
  } cases[] = {
      {"", "To: a@b.example\r\n"},
      {"Ann Example", "To: Ann Example\r\n <a@b.example>\r\n"},
      {"Example, Ann", "To: \"Example, Ann\"\r\n <a@b.example>\r\n"},
      {"\"Ann\" \\ <x@y>", "To: \"\\\"Ann\\\" \\\\ <x@y>\"\r\n <a@b.example>\r\n"},
      {"Änne", "To: =?utf-8?Q?=C3=84nne?=\r\n <a@b.example>\r\n"},
      {"Ann\r\nBcc: evil@example.org", "To: \"Ann  Bcc: evil@example.org\"\r\n <a@b.example>\r\n"},
      {"=?utf-8?Q?Ann?=", "To: =?utf-8?Q?=3D=3Futf-8=3FQ=3FAnn=3F=3D?=\r\n <a@b.example>\r\n"},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct buf out = BUF_INIT(4096);
    header_write_mailbox(&out, "To", slice_text(cases[i].display), SLICE("a@b.example"));
    assert_string_equal(out.at, cases[i].line);
    buf_free(&out);
  }
}

static void test_addresses_that_can_be_written(void **state) {
  (void)state;
  static const struct {
    const char *address;
    bool good;
  } cases[] = {
      {"a@b", true}, {"a.b+c@example.org", true}, {"a@[192.0.2.1]", true}, {"o'neil@example.org", true},
      {"", false}, {"a", false}, {"@b", false}, {"a@", false}, {"a@b@c", false}, {"a b@c", false},
      {"a@b,c@d", false}, {"a@b\r\nBcc: c@d", false}, {"a@b>", false}, {"<a@b>", false}, {"a\x01@b", false},
      {"ü@example.org", false}, {"a@b;c", false}, {"a@exämple.org", false}, {"\"a\"@b", true}, {"\"a@b", false},
      {"a\t@b", false}, {"a@b\n", false}, {"a(comment)@b", false},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    if (header_address_ok(slice_text(cases[i].address)) != cases[i].good)
      fail_msg("%s", cases[i].address);
}

static void test_encodings_of_text(void **state) {
  (void)state;
  static const struct {
    const char *text;
    enum text_encoding encoding;
    const char *bytes;
  } cases[] = {
      {"Hello\nWorld\n", TEXT_7BIT, "Hello\r\nWorld\r\n"},
      {"Hello", TEXT_7BIT, "Hello\r\n"},
      {"Grüße aus Köln und gute Nacht\n", TEXT_QUOTED_PRINTABLE, "Gr=C3=BC=C3=9Fe aus K=C3=B6ln und gute Nacht\r\n"},
      {"注文\n", TEXT_BASE64, "5rOo5paHDQo=\r\n"},
      {"From here\n", TEXT_QUOTED_PRINTABLE, "=46rom here\r\n"},
      {".\nend\n", TEXT_QUOTED_PRINTABLE, "=2E\r\nend\r\n"},
      {"-- \nAnn\n", TEXT_QUOTED_PRINTABLE, "--=20\r\nAnn\r\n"},
      {"a=_b\n", TEXT_QUOTED_PRINTABLE, "a=3D_b\r\n"},
      {"a\rb\n", TEXT_QUOTED_PRINTABLE, "a=0Db\r\n"},
      {"", TEXT_7BIT, ""},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct buf out = BUF_INIT(4096);
    assert_int_equal(transfer_choose(slice_text(cases[i].text)), cases[i].encoding);
    transfer_write_text(&out, slice_text(cases[i].text), cases[i].encoding);
    assert_string_equal(out.at ? out.at : "", cases[i].bytes);
    buf_free(&out);
  }
}

static void test_long_lines_of_text(void **state) {
  (void)state;
  static const char *const runs[] = {"a", "ü", ".", "a ", "=", "word "};
  for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
    struct buf text = BUF_INIT(65536), out = BUF_INIT(1 << 20);
    for (size_t k = 0; k < 3000; k++)
      buf_add_text(&text, runs[i]);
    transfer_write_text(&out, buf_slice(&text), transfer_choose(buf_slice(&text)));
    check_lines(buf_slice(&out), 76, runs[i]);
    for (const char *at = out.at; (at = strstr(at, "\r\n")); at += 2)
      assert_true(at[2] != '.'); /* nothing to stuff, nothing to smuggle */
    buf_free(&out);
    buf_free(&text);
  }
}

static Deskbell__V1__OutboundMessage message(void) {
  static char *references[] = {(char *)"root@example.org", (char *)"bad id\r\nX: y", (char *)"last@example.org"};
  Deskbell__V1__OutboundMessage m = DESKBELL__V1__OUTBOUND_MESSAGE__INIT;
  m.id = (char *)"o0000000000000001";
  m.kind = DESKBELL__V1__OUTBOUND_KIND__REPLY;
  m.to = (char *)"ann@example.org";
  m.to_name = (char *)"Ann";
  m.subject = (char *)"Re: My order";
  m.text = (char *)"It is on its way.\n";
  m.message_id = (char *)"db.1@desk.example";
  m.in_reply_to = (char *)"last@example.org";
  m.references = references;
  m.n_references = 3;
  m.created_ms = 1795512600123;
  return m;
}

static const struct compose_sender sender = {SLICE("support@desk.example"), SLICE("Support"),
                                             SLICE("support+token@desk.example")};

static void compose(const Deskbell__V1__OutboundMessage *m, const struct slice *files, struct buf *out) {
  const char *why;
  *out = BUF_INIT(COMPOSE_MAX);
  assert_int_equal(compose_mail(m, &sender, files, out, &why), 0);
}

static void test_a_reply(void **state) {
  (void)state;
  struct buf out;
  Deskbell__V1__OutboundMessage m = message();
  compose(&m, NULL, &out);
  assert_string_equal(out.at, "Date: Tue, 24 Nov 2026 09:30:00 +0000\r\n"
                              "From: Support\r\n <support@desk.example>\r\n"
                              "To: Ann\r\n <ann@example.org>\r\n"
                              "Reply-To: Support\r\n <support+token@desk.example>\r\n"
                              "Subject: Re: My order\r\n"
                              "Message-ID: <db.1@desk.example>\r\n"
                              "In-Reply-To: <last@example.org>\r\n"
                              "References: <root@example.org>\r\n <last@example.org>\r\n"
                              "MIME-Version: 1.0\r\n"
                              "Content-Type: text/plain; charset=utf-8\r\n"
                              "Content-Transfer-Encoding: 7bit\r\n\r\n"
                              "It is on its way.\r\n");
  buf_free(&out);
}

/* AR-31 … AR-33 */
static void test_an_acknowledgement_says_so(void **state) {
  (void)state;
  struct buf out;
  Deskbell__V1__OutboundMessage m = message();
  m.kind = DESKBELL__V1__OUTBOUND_KIND__ACKNOWLEDGEMENT;
  compose(&m, NULL, &out);
  assert_non_null(strstr(out.at, "\r\nAuto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\n"));
  buf_free(&out);
}

static void test_html_and_files(void **state) {
  (void)state;
  struct buf out;
  Deskbell__V1__OutboundMessage m = message();
  Deskbell__V1__Attachment shown = DESKBELL__V1__ATTACHMENT__INIT, other = DESKBELL__V1__ATTACHMENT__INIT;
  Deskbell__V1__Attachment *files[] = {&shown, &other};
  const struct slice bytes[] = {SLICE("PNG"), SLICE("%PDF")};
  shown.name = (char *)"logo.png";
  shown.type = (char *)"image/png";
  shown.content_id = (char *)"logo@desk";
  shown.inline_part = true;
  other.name = (char *)"Rechnung\r\nX: y; März.pdf";
  other.type = (char *)"application/pdf\r\nX: y";
  m.html = (char *)"<p>It is <b>on its way</b>. <img src=\"cid:logo@desk\"></p>";
  m.attachments = files;
  m.n_attachments = 2;
  compose(&m, bytes, &out);
  static const char *const order[] = {"multipart/mixed", "multipart/alternative", "text/plain", "multipart/related",
                                      "text/html", "image/png", "Content-Disposition: inline", "Content-ID: <logo@desk>",
                                      "UE5H", "application/octet-stream", "Content-Disposition: attachment", "JVBERg=="};
  const char *at = out.at;
  for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
    at = strstr(at, order[i]);
    if (!at)
      fail_msg("%s is missing in\n%s", order[i], out.at);
  }
  assert_null(strstr(out.at, "\nX: y"));
  check_lines(buf_slice(&out), 78, "whole");
  buf_free(&out);
}

static void test_refusals(void **state) {
  (void)state;
  static const struct {
    const char *to, *message_id;
    int outcome;
  } cases[] = {
      {"ann@example.org\r\nBcc: x@y", "a@b", COMPOSE_BAD_ADDRESS},
      {"änne@example.org", "a@b", COMPOSE_BAD_ADDRESS},
      {"", "a@b", COMPOSE_BAD_ADDRESS},
      {"ann@example.org", "", COMPOSE_BAD_ID},
      {"ann@example.org", "a@b>\r\nX: y", COMPOSE_BAD_ID},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    Deskbell__V1__OutboundMessage m = message();
    struct buf out = BUF_INIT(COMPOSE_MAX);
    const char *why = NULL;
    m.to = (char *)(uintptr_t)cases[i].to;
    m.message_id = (char *)(uintptr_t)cases[i].message_id;
    assert_int_equal(compose_mail(&m, &sender, NULL, &out, &why), cases[i].outcome);
    assert_non_null(why);
    buf_free(&out);
  }
}

static void test_too_large(void **state) {
  (void)state;
  Deskbell__V1__OutboundMessage m = message();
  struct buf out = BUF_INIT(200);
  const char *why;
  assert_int_equal(compose_mail(&m, &sender, NULL, &out, &why), COMPOSE_TOO_LARGE);
  buf_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_text_fields),
      cmocka_unit_test(test_long_subjects),
      cmocka_unit_test(test_mailboxes),
      cmocka_unit_test(test_addresses_that_can_be_written),
      cmocka_unit_test(test_encodings_of_text),
      cmocka_unit_test(test_long_lines_of_text),
      cmocka_unit_test(test_a_reply),
      cmocka_unit_test(test_an_acknowledgement_says_so),
      cmocka_unit_test(test_html_and_files),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_too_large),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
