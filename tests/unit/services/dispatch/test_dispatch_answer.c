/* SPDX-License-Identifier: Apache-2.0 */
/* What the step answers, read; what makes no sense is a refusal, whatever it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "answer.h"

/* As Redis sends it. */
static redisReply *reply_of(const char *wire) {
  redisReader *reader = redisReaderCreate();
  void *reply = NULL;
  assert_int_equal(redisReaderFeed(reader, wire, strlen(wire)), REDIS_OK);
  assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
  assert_non_null(reply);
  redisReaderFree(reader);
  return reply;
}

static void test_answers(void **state) {
  (void)state;
  static const struct {
    const char *wire;
    enum answer_kind kind;
    bool more;
    int64_t next_ms;
    size_t offers;
  } rows[] = {
      {"*2\r\n:0\r\n:0\r\n", ANSWER_DONE, false, 0, 0},
      {"*2\r\n$1\r\n1\r\n$13\r\n1764000000000\r\n", ANSWER_DONE, true, 1764000000000, 0},
      {"*2\r\n:1\r\n:1764000000000\r\n", ANSWER_DONE, true, 1764000000000, 0},
      {"*5\r\n:0\r\n:0\r\n$2\r\nw1\r\n$6\r\nana bo\r\n:17\r\n", ANSWER_DONE, false, 0, 1},
      {"*2\r\n$1\r\n0\r\n$-1\r\n", ANSWER_DONE, false, 0, 0},
      {"*4\r\n:0\r\n:0\r\n$2\r\nw1\r\n$3\r\nana\r\n", ANSWER_REFUSED, false, 0, 0},
      {"*1\r\n:0\r\n", ANSWER_REFUSED, false, 0, 0},
      {"*0\r\n", ANSWER_REFUSED, false, 0, 0},
      {"$-1\r\n", ANSWER_REFUSED, false, 0, 0},
      {"+OK\r\n", ANSWER_REFUSED, false, 0, 0},
      {"-ERR Function not found\r\n", ANSWER_NO_LIBRARY, false, 0, 0},
      {"-OOM command not allowed\r\n", ANSWER_REFUSED, false, 0, 0},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    redisReply *reply = reply_of(rows[i].wire);
    struct answer a = answer_read(reply);
    assert_int_equal(a.kind, rows[i].kind);
    assert_int_equal(a.more, rows[i].more);
    assert_int_equal(a.next_ms, rows[i].next_ms);
    assert_int_equal(a.offers, rows[i].offers);
    assert_int_equal(a.why[0] == '\0', a.kind == ANSWER_DONE);
    freeReplyObject(reply);
  }
}

static void test_offers(void **state) {
  (void)state;
  redisReply *reply = reply_of("*8\r\n:0\r\n:0\r\n$2\r\nw1\r\n$6\r\nana bo\r\n$13\r\n1764000000000\r\n"
                               "$2\r\nw2\r\n$3\r\neve\r\n:7\r\n");
  struct offer first = answer_offer(reply, 0), second = answer_offer(reply, 1);
  assert_true(slice_equal(first.item, SLICE("w1")) && slice_equal(first.agents, SLICE("ana bo")));
  assert_int_equal(first.until_ms, 1764000000000);
  assert_true(slice_equal(second.item, SLICE("w2")) && slice_equal(second.agents, SLICE("eve")));
  assert_int_equal(second.until_ms, 7);
  freeReplyObject(reply);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_answers), cmocka_unit_test(test_offers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
