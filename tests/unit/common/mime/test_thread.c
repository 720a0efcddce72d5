/* SPDX-License-Identifier: Apache-2.0 */
/* What mails say of the talk they belong to, as real programs write it (TH-01, TH-07, TH-13). */
#include "mime/address_list.h"
#include "mime/mime.h"
#include "mime/thread.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Lists joined by blanks. */
static const struct {
  const char *header, *references, *reply_to;
} id_rows[] = {
    {"", "", ""},
    {"References: <a@x>\n", "a@x", ""},
    {"References: <a@x> <b@x>\n", "a@x b@x", ""},
    {"References: <a@x>,<b@x>\n", "a@x b@x", ""},
    {"References: <a@x>, <b@x>,\n <c@x>\n", "a@x b@x c@x", ""},
    {"References: <a@x><b@x>\n", "a@x b@x", ""},
    {"References:\n <a@x>\n\t<b@x>\n", "a@x b@x", ""},
    {"References: <a@\n x> <b@x>\n", "a@x b@x", ""},
    {"References: <a@x\n > <\n b@x>\n", "a@x b@x", ""},
    {"References: < a@x >\n", "a@x", ""},
    {"References: a@x b@x\n", "a@x b@x", ""},
    {"References: a@x,b@x\n", "a@x b@x", ""},
    {"References: a@x <b@x>\n", "a@x b@x", ""},
    {"References: <a@x <b@x>\n", "a@x b@x", ""},
    {"References: <a@x, <b@x>\n", "a@x b@x", ""},
    {"References: <a@x> <b@x\n", "a@x b@x", ""},
    {"References: a@x> b@x\n", "a@x> b@x", ""}, /* nobody's id, and does no harm */
    {"References: <a@x> <b@x> <a@x> <b@x>\n", "a@x b@x", ""},
    {"References: <a@x>\nReferences: <b@x>\n", "a@x b@x", ""},
    {"references: <a@x>\n", "a@x", ""},
    {"REFERENCES : <a@x>\n", "a@x", ""},
    {"References: <A@x> <a@x>\n", "A@x a@x", ""},
    {"References: <a b@x>\n", "ab@x", ""},
    {"References: <>\n", "", ""},
    {"References: <> <a@x> < >\n", "a@x", ""},
    {"References: >\n", "", ""},
    {"References: word other\n", "", ""},
    {"References: <no-at-sign>\n", "no-at-sign", ""},
    {"References: =?utf-8?q?=3Ca=40x=3E?=\n", "a@x", ""},
    {"References: =?utf-8?q?=3Ca=40x=3E?=\n =?utf-8?q?_=3Cb=40x=3E?=\n", "a@x b@x", ""},
    {"References: <a@x\xC3\xA4>\n", "a@x\xC3\xA4", ""},
    {"References: <a\xC2\xA0@x> <\xC2\xA0>\n", "a@x", ""}, /* blanks of other scripts */
    {"In-Reply-To: <a@x>\n", "", "a@x"},
    {"In-Reply-To: <a@x> <b@x>\n", "", "a@x b@x"},
    {"In-Reply-To: <a@x>,<b@x>\n", "", "a@x b@x"},
    {"In-Reply-To: a@x\n", "", "a@x"},
    {"In-Reply-To: Your message of \"Tue, 24 Nov 2026\" <a@x>\n", "", "a@x"},
    {"In-Reply-To: <a@x> (Ann Example's message of Tue)\n", "", "a@x"},
    {"In-Reply-To: message from ann@example.org of Tue\n", "", "ann@example.org"},
    {"In-Reply-To: your letter\n", "", ""},
    {"In-Reply-To: <a@x>\nIn-Reply-To: <b@x>\n", "", "a@x b@x"},
    {"In-Reply-To: <a@x>\nReferences: <b@x> <a@x>\n", "b@x a@x", "a@x"},
    {"In-Reply-To:\nReferences:\n", "", ""},
    {"X-References: <a@x>\nResent-References: <b@x>\n", "", ""},
};

static void join(char *const *texts, size_t count, struct buf *ret) {
  buf_clear(ret);
  buf_add_text(ret, "");
  for (size_t i = 0; i < count; i++)
    buf_printf(ret, "%s%s", i ? " " : "", texts[i]);
}

static void read_hints(struct reading *r, const char *header, const char *token, const char *subject,
                       Deskbell__V1__ThreadHints *ret) {
  struct mail_header h;
  struct address_list to = {0};
  header_read(r, slice_text(header), &h);
  for (const struct mail_field *f = NULL; (f = header_find(&h, "To", f));)
    address_list_read(r, header_unfold(r, f->value), &to);
  thread_read(r, &h, SLICE("own@x"), slice_text(token), to.parties, to.count, subject, ret);
}

static void test_ids(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT(id_rows); i++) {
    struct reading r = {.arena = arena_new(65536, 1 << 22)};
    Deskbell__V1__ThreadHints hints;
    struct buf text = BUF_INIT(65536);
    read_hints(&r, id_rows[i].header, "", "", &hints);
    join(hints.references, hints.n_references, &text);
    if (strcmp(text.at, id_rows[i].references) != 0)
      fail_msg("%s: references \"%s\"", id_rows[i].header, text.at);
    join(hints.in_reply_to, hints.n_in_reply_to, &text);
    if (strcmp(text.at, id_rows[i].reply_to) != 0)
      fail_msg("%s: in-reply-to \"%s\"", id_rows[i].header, text.at);
    assert_string_equal(hints.message_id, "own@x");
    buf_free(&text);
    arena_free(&r.arena);
  }
}

/* The envelope's token first, then those of the header in the order they are to be believed. */
static void test_tokens(void **state) {
  (void)state;
  static const struct {
    const char *envelope, *header, *tokens;
  } rows[] = {
      {"", "", ""},
      {"one", "", "one"},
      {"", "To: support+two@desk.example\n", "two"},
      {"one", "To: support+two@desk.example\n", "one two"},
      {"one", "To: support+one@desk.example\n", "one"},
      {"", "To: Support <SUPPORT+Two@DESK.example>, x@y.example\n", "Two"},
      {"", "To: a@x.example\nDelivered-To: support+three@desk.example\n", "three"},
      {"", "X-Original-To: support+four@desk.example\nDelivered-To: support+three@desk.example\n", "three four"},
      {"", "Envelope-To: support+five@desk.example\n", "five"},
      {"", "To: support@desk.example\n", ""},
      {"", "To: support+@desk.example\n", ""},
      {"", "From: eve+six@evil.example\nSubject: support+seven@desk.example\n", ""},
      {"0123456789012345678901234567890123456789012345678901234567890123456789", "", ""},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct reading r = {.arena = arena_new(65536, 1 << 22)};
    Deskbell__V1__ThreadHints hints;
    struct buf text = BUF_INIT(65536);
    read_hints(&r, rows[i].header, rows[i].envelope, "", &hints);
    join(hints.reply_tokens, hints.n_reply_tokens, &text);
    if (strcmp(text.at, rows[i].tokens) != 0)
      fail_msg("%s / %s: \"%s\"", rows[i].envelope, rows[i].header, text.at);
    buf_free(&text);
    arena_free(&r.arena);
  }
}

static void test_subject_tokens(void **state) {
  (void)state;
  static const struct {
    const char *subject, *tokens;
  } rows[] = {
      {"", ""},
      {"Re: [#7kq2-m9xd-4tab] x", "7kq2-m9xd-4tab"},
      {"[#7KQ2-M9XD-4TAB]", "7kq2-m9xd-4tab"},
      {"[#7kq2-m9xd-4tab] [#0000-0000-0000] [#7kq2-m9xd-4tab]", "7kq2-m9xd-4tab 0000-0000-0000"},
      {"Foo[#7kq2-m9xd-4tab]bar", ""},
      {"[#117904]", ""},
      {"<a title=\"[#7kq2-m9xd-4tab]\">", "7kq2-m9xd-4tab"}, /* a subject has no markup */
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct reading r = {.arena = arena_new(65536, 1 << 22)};
    Deskbell__V1__ThreadHints hints;
    struct buf text = BUF_INIT(65536);
    read_hints(&r, "", "", rows[i].subject, &hints);
    join(hints.subject_tokens, hints.n_subject_tokens, &text);
    if (strcmp(text.at, rows[i].tokens) != 0)
      fail_msg("%s: \"%s\"", rows[i].subject, text.at);
    buf_free(&text);
    arena_free(&r.arena);
  }
}

/* What is too long keeps its beginning, which names the thread, and its end, which is answered. */
static void test_long_lists(void **state) {
  (void)state;
  for (int count = 199; count <= 3000; count += count < 202 ? 1 : 933) {
    struct reading r = {.arena = arena_new(65536, 1 << 22)};
    struct buf header = BUF_INIT(1 << 20);
    Deskbell__V1__ThreadHints hints;
    char id[32];
    for (int i = 0; i < count; i++) /* several fields: one is cut at 16 KiB */
      buf_printf(&header, "%s<%d@x.example>\n", i % 500 ? " " : "References: ", i);
    buf_add(&header, "", 1);
    read_hints(&r, header.at, "", "", &hints);
    assert_int_equal(hints.n_references, count < 200 ? count : 200);
    assert_string_equal(hints.references[0], "0@x.example");
    snprintf(id, sizeof(id), "%d@x.example", count - 1);
    assert_string_equal(hints.references[hints.n_references - 1], id);
    assert_int_equal(r.warning_count, count > 200);
    buf_free(&header);
    arena_free(&r.arena);
  }
}

/* One MiB in one field, past the limit a header has: CPU seconds far above linear, far below quadratic. */
static void test_linear(void **state) {
  (void)state;
  static const char *const pieces[] = {"<", "<a", "<a@x", "<a@x>", "<>", "> <", ",", ", <", "a@x ", "<a@x <", "<a b c d ", "=?", "=?q?q?<?="};
  for (size_t i = 0; i < COUNT(pieces); i++) {
    enum { MOST = 1024 * 1024 };
    char *text = malloc(MOST);
    for (size_t k = 0; k < MOST; k++)
      text[k] = pieces[i][k % strlen(pieces[i])];
    struct mail_field fields[] = {{.name = SLICE("References"), .value = slice_of(text, MOST)},
                                  {.name = SLICE("In-Reply-To"), .value = slice_of(text, MOST)}};
    struct mail_header h = {.fields = fields, .count = 2};
    struct reading r = {.arena = arena_new(65536, 256 * 1024 * 1024)};
    Deskbell__V1__ThreadHints hints;
    clock_t before = clock();
    thread_read(&r, &h, SLICE(""), SLICE(""), NULL, 0, "", &hints);
    double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    if (seconds > 8)
      fail_msg("\"%s\" takes %.1f s", pieces[i], seconds);
    assert_true(hints.n_references <= THREAD_REFERENCES_MAX && hints.n_in_reply_to <= THREAD_REPLIES_MAX);
    arena_free(&r.arena);
    free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_ids),       cmocka_unit_test(test_tokens), cmocka_unit_test(test_subject_tokens),
      cmocka_unit_test(test_long_lists), cmocka_unit_test(test_linear),
  };
  mime_start();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
