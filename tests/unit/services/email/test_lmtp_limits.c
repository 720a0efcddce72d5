/* SPDX-License-Identifier: Apache-2.0 */
/* What happens at each limit, while waiting, and at the end. */
#include "lmtp_play.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct lmtp_limits limits = {.max_size = 1000, .max_recipients = 100, .command_max = 1024};

static void say(struct play *p, const char *text) {
  play_bytes(p, slice_text(text));
}

static size_t count(struct play *p, const char *what) {
  size_t n = 0;
  const char *end = p->replies.at + p->replies.len; /* memmem: a sanitizer's strstr measures the whole text each time */
  for (const char *at = p->replies.at; at && (at = memmem(at, (size_t)(end - at), what, strlen(what))); at++)
    n++;
  return n;
}

static void open_at_data(struct play *p, const struct lmtp_limits *l) {
  play_open(p, l);
  say(p, "LHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nRCPT TO:<y@y>\r\nDATA\r\n");
  buf_clear(&p->replies);
}

static void add_run(struct buf *b, char c, size_t times) {
  for (size_t i = 0; i < times; i++)
    buf_add_char(b, c);
}

/* Exactly the limit is taken; a byte more is refused for each recipient after its end, and the connection lives on. */
static void test_size(void **state) {
  (void)state;
  for (size_t size = 999; size <= 1001; size++) {
    struct play p;
    auto_clean(buf_free) struct buf mail = BUF_INIT(4096);
    open_at_data(&p, &limits);
    add_run(&mail, 'x', size - 2);
    buf_add_text(&mail, "\r\n.\r\nNOOP\r\n");
    play_bytes(&p, buf_slice(&mail));
    assert_int_equal(count(&p, "250 2.0.0 Taken"), size <= 1000 ? 2 : 0);
    assert_int_equal(count(&p, "552 5.3.4"), size <= 1000 ? 0 : 2);
    assert_int_equal(count(&p, "250 2.0.0 Here"), 1);
    assert_false(p.closed);
    play_close(&p);
  }
}

/* A line of 100 MB without an end costs no memory, and its mail does not end the connection. */
static void test_endless_line(void **state) {
  (void)state;
  struct play p;
  const struct lmtp_limits wide = {.max_size = 1000, .max_recipients = 10, .command_max = 1024};
  open_at_data(&p, &wide);
  static char part[65536];
  memset(part, 'x', sizeof(part));
  for (size_t sent = 0; sent < 100 * 1024 * 1024; sent += sizeof(part))
    play_bytes(&p, slice_of(part, sizeof(part)));
  assert_int_equal(p.content.len, 0);
  assert_true(lmtp_output(p.lmtp)->cap < 100000);
  say(&p, "\r\n.\r\nQUIT\r\n");
  assert_int_equal(count(&p, "552 5.3.4"), 2);
  assert_true(p.closed);
  play_close(&p);
}

static void test_endless_command(void **state) {
  (void)state;
  struct play p;
  play_open(&p, &limits);
  for (int i = 0; i < 100000; i++)
    say(&p, "MAIL FROM:<a@b> ");
  say(&p, "\r\nNOOP\r\n");
  assert_int_equal(count(&p, "500 5.5.2 The line is too long"), 1);
  assert_int_equal(count(&p, "250 2.0.0 Here"), 1);
  play_close(&p);
}

/* command_max counts the CRLF. */
static void test_longest_command(void **state) {
  (void)state;
  for (size_t len = 1023; len <= 1025; len++) {
    struct play p;
    auto_clean(buf_free) struct buf line = BUF_INIT(4096);
    play_open(&p, &limits);
    buf_add_text(&line, "NOOP ");
    add_run(&line, 'x', len - 7);
    buf_add_text(&line, "\r\n");
    assert_int_equal(line.len, len);
    play_bytes(&p, buf_slice(&line));
    assert_int_equal(count(&p, "250 2.0.0 Here"), len <= 1024 ? 1 : 0);
    assert_int_equal(count(&p, "500 5.5.2"), len <= 1024 ? 0 : 1);
    play_close(&p);
  }
}

static void test_a_short_limit_is_widened(void **state) {
  (void)state;
  struct play p;
  play_open(&p, &(struct lmtp_limits){.max_size = 10, .max_recipients = 1, .command_max = 5});
  say(&p, "NOOP this is longer than five\r\n");
  assert_int_equal(count(&p, "250 2.0.0 Here"), 1);
  play_close(&p);
}

static void test_recipients(void **state) {
  (void)state;
  struct play p;
  play_open(&p, &limits);
  say(&p, "LHLO me\r\nMAIL FROM:<a@b>\r\n");
  for (int i = 0; i < 105; i++)
    say(&p, "RCPT TO:<x@y>\r\n");
  assert_int_equal(count(&p, "250 2.1.5"), 100);
  assert_int_equal(count(&p, "452 4.5.3"), 5);
  say(&p, "DATA\r\n.\r\n");
  assert_int_equal(count(&p, "250 2.0.0 Taken"), 100);
  say(&p, "MAIL FROM:<a@b>\r\nRCPT TO:<x@y>\r\nDATA\r\n.\r\n");
  assert_int_equal(count(&p, "250 2.0.0 Taken"), 101);
  play_close(&p);
}

static void test_mistakes(void **state) {
  (void)state;
  struct play p;
  play_open(&p, &limits);
  for (int i = 0; i < LMTP_MISTAKES_MAX; i++)
    say(&p, "WHAT\r\n");
  assert_false(p.closed);
  say(&p, "NOOP\r\nWHAT\r\nNOOP\r\n");
  assert_true(p.closed);
  assert_int_equal(count(&p, "421 4.7.0 Too many mistakes"), 1);
  assert_int_equal(count(&p, "250 2.0.0 Here"), 1);
  play_close(&p);
}

/* Unknown recipients are no mistakes of the program that sends: a list mail may have many. */
static void test_unknown_recipients_are_no_mistakes(void **state) {
  (void)state;
  struct play p;
  play_open(&p, &limits);
  say(&p, "LHLO me\r\nMAIL FROM:<a@b>\r\n");
  for (int i = 0; i < 500; i++)
    say(&p, "RCPT TO:<nobody@y>\r\n");
  assert_int_equal(count(&p, "550 5.1.1"), 500);
  assert_false(p.closed);
  play_close(&p);
}

/* A sender that pipelines and does not read is asked to: replies do not pile up. */
static void test_output_is_bounded(void **state) {
  (void)state;
  struct play p;
  auto_clean(buf_free) struct buf flood = BUF_INIT(8 * 1024 * 1024);
  play_open(&p, &limits);
  for (int i = 0; i < 100000; i++)
    buf_add_text(&flood, "VRFY x\r\n");
  play_bytes(&p, buf_slice(&flood));
  assert_int_equal(count(&p, "252 2.5.0"), 100000);
  assert_true(p.most_output <= LMTP_OUTPUT_MAX + 100);
  play_close(&p);
}

/* While a commit runs nothing more is taken, and the replies stay in order. */
static void test_waiting(void **state) {
  (void)state;
  struct play p;
  open_at_data(&p, &limits);
  p.keep_waiting = true;
  struct slice bytes = SLICE("x\r\n.\r\nNOOP\r\n"), content;
  assert_int_equal(lmtp_next(p.lmtp, &bytes, &content), LMTP_CONTENT);
  assert_int_equal(lmtp_next(p.lmtp, &bytes, &content), LMTP_MESSAGE);
  assert_true(lmtp_waiting(p.lmtp));
  assert_int_equal(lmtp_next(p.lmtp, &bytes, &content), LMTP_WAIT);
  assert_int_equal(bytes.len, strlen("NOOP\r\n"));
  assert_int_equal(lmtp_output(p.lmtp)->len, 0);
  play_answer(&p);
  assert_false(lmtp_waiting(p.lmtp));
  assert_false(lmtp_in_transaction(p.lmtp));
  play_bytes(&p, bytes);
  assert_string_equal(p.replies.at, "250 2.0.0 Taken as 100\r\n250 2.0.0 Taken as 101\r\n250 2.0.0 Here\r\n");
  play_close(&p);
}

static void test_drain_when_idle(void **state) {
  (void)state;
  struct play p;
  play_open(&p, &limits);
  say(&p, "LHLO me\r\n");
  lmtp_drain(p.lmtp);
  say(&p, "");
  assert_true(p.closed);
  assert_int_equal(count(&p, "421 4.3.2"), 1);
  play_close(&p);
}

static void test_drain_lets_a_transaction_end(void **state) {
  (void)state;
  struct play p;
  play_open(&p, &limits);
  say(&p, "LHLO me\r\nMAIL FROM:<a@b>\r\n");
  lmtp_drain(p.lmtp);
  say(&p, "RCPT TO:<x@y>\r\n");
  say(&p, "DATA\r\nx\r\n");
  assert_false(p.closed);
  say(&p, ".\r\nMAIL FROM:<c@d>\r\n");
  assert_true(p.closed);
  assert_int_equal(count(&p, "250 2.0.0 Taken as 100\r\n421 4.3.2"), 1);
  play_close(&p);
}

static void test_timeout(void **state) {
  (void)state;
  struct play p;
  open_at_data(&p, &limits);
  lmtp_timeout(p.lmtp);
  say(&p, "x\r\n.\r\n");
  assert_true(p.closed);
  assert_string_equal(p.replies.at, "421 4.4.2 Nothing heard for too long\r\n");
  lmtp_timeout(p.lmtp); /* once is enough */
  say(&p, "");
  assert_int_equal(count(&p, "421"), 1);
  play_close(&p);
  assert_true(slice_starts_nocase(lmtp_busy_greeting(), SLICE("421 4.3.2 ")));
}

static void test_free_is_idempotent(void **state) {
  (void)state;
  struct lmtp *l = lmtp_new(&limits, "here");
  lmtp_free(&l);
  assert_null(l);
  lmtp_free(&l);
  lmtp_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_size),
      cmocka_unit_test(test_endless_line),
      cmocka_unit_test(test_endless_command),
      cmocka_unit_test(test_longest_command),
      cmocka_unit_test(test_a_short_limit_is_widened),
      cmocka_unit_test(test_recipients),
      cmocka_unit_test(test_mistakes),
      cmocka_unit_test(test_unknown_recipients_are_no_mistakes),
      cmocka_unit_test(test_output_is_bounded),
      cmocka_unit_test(test_waiting),
      cmocka_unit_test(test_drain_when_idle),
      cmocka_unit_test(test_drain_lets_a_transaction_end),
      cmocka_unit_test(test_timeout),
      cmocka_unit_test(test_free_is_idempotent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
