/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of what a parser, perhaps one taken over by a mail, writes. */
#include "parser_wire.h"
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void add(struct buf *b, enum wire_kind kind, uint64_t seq, struct slice body) {
  char header[WIRE_HEADER];
  wire_answer_put(kind, seq, body.len, header);
  buf_add(b, header, sizeof(header));
  buf_add_slice(b, body);
}

/* Writes the steps down, blob runs joined. */
static void play(struct wire_reader *r, struct slice bytes, struct buf *said) {
  for (;;) {
    switch (wire_next(r, &bytes)) {
    case WIRE_MORE:
      assert_int_equal(bytes.len, 0);
      return;
    case WIRE_READY:
      buf_add_text(said, "ready ");
      break;
    case WIRE_BLOB_BEGIN:
      buf_printf(said, "blob %" PRIu64 " of %" PRIu64 ":", r->length, r->seq);
      break;
    case WIRE_BLOB_RUN:
      assert_true(r->bytes.len > 0);
      buf_add_slice(said, r->bytes);
      break;
    case WIRE_BLOB_END:
      buf_add_text(said, ". ");
      break;
    case WIRE_EVENT:
      buf_printf(said, "event of %" PRIu64 " id %x:%.*s ", r->seq, r->id.bytes[0], (int)r->bytes.len, r->bytes.at);
      break;
    case WIRE_BROKEN:
      buf_add_text(said, "broken");
      return;
    }
  }
}

static void test_every_cut(void **state) {
  (void)state;
  auto_clean(buf_free) struct buf in = BUF_INIT(4096);
  add(&in, ANSWER_READY, 0, SLICE(""));
  add(&in, ANSWER_BLOB, 7, SLICE("first"));
  add(&in, ANSWER_BLOB, 7, SLICE(""));
  add(&in, ANSWER_EVENT, 7, SLICE("\x42" "123456789012345payload"));
  add(&in, ANSWER_EVENT, UINT64_MAX, SLICE("0123456789012345"));
  for (size_t cut = 0; cut <= in.len; cut++) {
    struct wire_reader r = {0};
    auto_clean(buf_free) struct buf said = BUF_INIT(4096);
    play(&r, slice_of(in.at, cut), &said);
    play(&r, slice_of(in.at + cut, in.len - cut), &said);
    assert_string_equal(said.at, "ready blob 5 of 7:first. blob 0 of 7:. event of 7 id 42:payload "
                                 "event of 18446744073709551615 id 30: ");
    wire_reader_free(&r);
  }
}

static void test_broken(void **state) {
  (void)state;
  static const struct {
    uint32_t kind;
    uint64_t length;
  } cases[] = {
      {0, 0}, {ANSWER_READY, 1}, {ANSWER_EVENT, 15}, {ANSWER_EVENT, WIRE_EVENT_MAX + 1}, {ANSWER_EVENT, UINT64_MAX},
      {ANSWER_EVENT + 1, 20},
  };
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    struct wire_reader r = {0};
    auto_clean(buf_free) struct buf said = BUF_INIT(4096);
    char header[WIRE_HEADER];
    wire_answer_put((enum wire_kind)cases[i].kind, 1, cases[i].length, header);
    play(&r, slice_of(header, sizeof(header)), &said);
    assert_string_equal(said.at, "broken");
    play(&r, SLICE("more"), &said); /* and stays so */
    assert_string_equal(said.at, "brokenbroken");
    wire_reader_free(&r);
  }
}

/* The length of a blob is no promise of memory. */
static void test_endless_blob(void **state) {
  (void)state;
  struct wire_reader r = {0};
  char header[WIRE_HEADER];
  wire_answer_put(ANSWER_BLOB, 1, UINT64_MAX, header);
  struct slice bytes = slice_of(header, sizeof(header));
  assert_int_equal(wire_next(&r, &bytes), WIRE_BLOB_BEGIN);
  for (int i = 0; i < 1000; i++) {
    static char part[65536];
    bytes = slice_of(part, sizeof(part));
    assert_int_equal(wire_next(&r, &bytes), WIRE_BLOB_RUN);
    assert_int_equal(wire_next(&r, &bytes), WIRE_MORE);
  }
  assert_int_equal(r.event.cap, 0);
  wire_reader_free(&r);
}

static void test_request_round_trip(void **state) {
  (void)state;
  const struct wire_request in = {.seq = 0x0102030405060708, .record_len = 300, .mail_len = 0x1122334455};
  char header[WIRE_HEADER];
  wire_request_put(&in, header);
  const struct wire_request out = wire_request_get(header);
  assert_true(out.seq == in.seq && out.record_len == in.record_len && out.mail_len == in.mail_len);
  assert_int_equal(out.kind, REQUEST_MAIL);
  assert_int_equal(header[16], 8); /* little-endian */
  const struct wire_request trust = {.kind = REQUEST_TRUST, .mail_len = 7};
  wire_request_put(&trust, header);
  assert_int_equal(wire_request_get(header).kind, REQUEST_TRUST);
  assert_memory_equal(header + 4, "TSR1", 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_cut),
      cmocka_unit_test(test_broken),
      cmocka_unit_test(test_endless_blob),
      cmocka_unit_test(test_request_round_trip),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
