/* SPDX-License-Identifier: Apache-2.0 */
/* The topmost of what a delivering system writes, and nothing that only looks like it. */
#include "mime/delivery.h"
#include "base/buf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#define NONE "(none)"

static const struct {
  const char *mail, *return_path, *delivered_to;
} cases[] = {
    {"Return-Path: <a@b.c>\r\nDelivered-To: support@x.de\r\nSubject: x\r\n\r\n", "a@b.c", "support@x.de"},
    {"return-path: a@b.c\nDELIVERED-TO: <support+tok@x.de>\n\nx", "a@b.c", "support+tok@x.de"},
    {"Return-Path: <>\r\n\r\n", "", NONE},
    {"Return-Path: < >\r\n\r\n", "", NONE},
    {"Return-Path:\r\n\r\n", NONE, NONE},
    {"Return-Path: \r\nDelivered-To: \r\n\r\n", NONE, NONE},
    {"Delivered-To: <>\r\n\r\n", NONE, NONE},
    {"Return-Path:\r\n <a@b.c>\r\nDelivered-To:\r\n\ts@x.de\r\n\r\n", "a@b.c", "s@x.de"},
    {"Return-Path: <a@b.c>\r\n (comment)\r\n\r\n", NONE, NONE},
    {"Return-Path: <one@b.c>\r\nReturn-Path: <two@b.c>\r\n\r\n", "one@b.c", NONE},
    {"Return-Path: nonsense here\r\nReturn-Path: <two@b.c>\r\n\r\n", NONE, NONE}, /* topmost only */
    {"Return-Path: <a@b.c>, <d@e.f>\r\n\r\n", NONE, NONE},
    {"Return-Path: <\"a b\"@c.d>\r\n\r\n", "\"a b\"@c.d", NONE},
    {"Return-Path: <a\x01@b.c>\r\n\r\n", NONE, NONE},
    {"Return-Path: <b\xC3\xBCro@b.c>\r\n\r\n", "b\xC3\xBCro@b.c", NONE},
    {"Subject: x\r\n\r\nReturn-Path: <a@b.c>\r\nDelivered-To: s@x.de\r\n", NONE, NONE}, /* the body */
    {"\r\nReturn-Path: <a@b.c>\r\n\r\n", "a@b.c", NONE}, /* blank lines and an mbox line first */
    {"From a@b Mon Jan  1 00:00:00 2026\nReturn-Path: <a@b.c>\n\n", "a@b.c", NONE},
    {"Return-Path : <a@b.c>\r\n\r\n", "a@b.c", NONE},
    {"X-Delivered-To: s@x.de\r\nDelivered-To-X: s@x.de\r\n\r\n", NONE, NONE},
    {"", NONE, NONE},
    {"Return-Path", NONE, NONE},
};

static void assert_found(bool found, struct slice got, const char *want, const char *mail) {
  const bool wanted = strcmp(want, NONE) != 0;
  if (found != wanted || (found && !slice_equal(got, slice_text(want))))
    fail_msg("'%s' of %s", want, mail);
}

static void test_table(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct slice got = slice_of("", 0);
    char *copy = malloc(strlen(cases[i].mail) + 1); /* at its very end */
    memcpy(copy, cases[i].mail, strlen(cases[i].mail));
    const struct slice raw = slice_of(copy, strlen(cases[i].mail));
    bool found = mime_return_path(raw, &got);
    assert_found(found, got, cases[i].return_path, cases[i].mail);
    found = mime_delivered_to(raw, SLICE("Delivered-To"), &got);
    assert_found(found, got, cases[i].delivered_to, cases[i].mail);
    free(copy);
  }
}

static void test_limits(void **state) {
  (void)state;
  struct slice got;
  struct buf b = BUF_INIT(8 << 20);
  buf_add_text(&b, "Return-Path: <");
  for (int i = 0; i < DELIVERY_PATH_MAX; i++)
    buf_add_char(&b, 'a');
  buf_add_text(&b, ">\r\n\r\n");
  assert_true(mime_return_path(buf_slice(&b), &got));
  buf_clear(&b);
  buf_add_text(&b, "Return-Path: <");
  for (int i = 0; i <= DELIVERY_PATH_MAX; i++)
    buf_add_char(&b, 'a');
  buf_add_text(&b, ">\r\n\r\n");
  assert_false(mime_return_path(buf_slice(&b), &got));
  buf_clear(&b);
  for (int i = 0; i < 300000; i++) /* a header of megabytes is given up, quickly */
    buf_add_text(&b, "X-Long: yyyyyyyyy\r\n");
  buf_add_text(&b, "Return-Path: <a@b.c>\r\n\r\n");
  assert_false(mime_return_path(buf_slice(&b), &got));
  buf_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_limits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
