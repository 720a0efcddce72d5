/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: the stored bytes of every kind must be read for ever; what is broken is named; batches fit their limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/file.h"
#include "link/batch.h"
#include "link/frame.h"
#include <stdio.h>
#include <stdlib.h>

static struct arena *arena;

static int open_arena(void **state) {
  (void)state;
  arena = arena_new(64 * 1024, FRAME_ARENA);
  return 0;
}

static int close_arena(void **state) {
  (void)state;
  arena_free(&arena);
  return 0;
}

static void load(const char *name, struct buf *ret) {
  char *path = path_join(GOLDEN, name);
  *ret = BUF_INIT(FRAME_MAX);
  if (file_read(path, ret))
    fail_msg("%s", path);
  free(path);
}

static int read_frame(struct slice bytes, link_frame **ret, const char **ret_why) {
  arena_reset(arena);
  *ret_why = "";
  return frame_read(bytes, arena, ret, ret_why);
}

/* ---- golden */

static const char session[] = "0123456789abcdef";

static void check_hello(const link_frame *f) {
  assert_int_equal(f->hello->version, 1);
  assert_string_equal(f->hello->program, "sms");
  assert_memory_equal(f->hello->session.data, session, SESSION_BYTES);
  assert_int_equal(f->hello->n_channels, 2);
  assert_string_equal(f->hello->channels[1], "whatsapp");
}

static void check_welcome(const link_frame *f) {
  assert_int_equal(f->welcome->version, 1);
  assert_int_equal(f->welcome->window_events, 4096);
  assert_int_equal(f->welcome->window_bytes, 16777216);
  assert_string_equal(f->welcome->router, "router-7kq2m9xd4tabc123");
}

static void check_refuse(const link_frame *f) {
  assert_string_equal(f->refuse->reason, REFUSE_HELLO_FIRST);
}

static void check_batch(const link_frame *f) {
  assert_int_equal(f->batch->n_items, 2);
  assert_int_equal(f->batch->items[0]->seq, 41);
  assert_memory_equal(f->batch->items[0]->id.data, session, 16);
  assert_int_equal(f->batch->items[0]->event.len, 40);
  assert_int_equal(f->batch->items[1]->attempt, 1);
  assert_int_equal(f->batch->items[1]->spooled_at_ms, 1795512600124);
  assert_int_equal(f->batch->items[1]->sent_at_ms, 1795512600125);
}

static void check_confirm(const link_frame *f) {
  assert_int_equal(f->confirm->upto, 42);
  assert_int_equal(f->confirm->n_outcomes, 2);
  assert_int_equal(f->confirm->outcomes[0]->code, DESKBELL__V1__OUTCOME_CODE__DUPLICATE);
  assert_string_equal(f->confirm->outcomes[1]->reason, "unparseable");
}

static void check_credit(const link_frame *f) {
  assert_int_equal(f->credit->window_events, 128);
  assert_int_equal(f->credit->window_bytes, 1048576);
}

static void check_ping(const link_frame *f) {
  assert_int_equal(f->ping->n, 7);
}

static void check_pong(const link_frame *f) {
  assert_true(f->pong->n == UINT64_MAX);
}

static void check_bye(const link_frame *f) {
  assert_string_equal(f->bye->reason, "closing");
}

static void check_replay(const link_frame *f) {
  assert_int_equal(f->replay->since_ms, 1795512600123);
}

static void check_outbound(const link_frame *f) {
  const Deskbell__V1__OutboundBatch *b = f->outbound;
  assert_int_equal(b->n_items, 2);
  assert_string_equal(b->items[0]->id, "o0123456789abcdef");
  assert_string_equal(b->items[0]->order, "deliver");
  assert_int_equal(b->items[0]->message.len, 19);
  assert_string_equal(b->items[1]->order, "cancel");
  assert_int_equal(b->items[1]->message.len, 0);
}

static void check_outbound_confirm(const link_frame *f) {
  const Deskbell__V1__OutboundConfirm *c = f->outbound_confirm;
  assert_int_equal(c->n_results, 2);
  assert_int_equal(c->results[0]->answer, DESKBELL__V1__OUTBOUND_ANSWER__TAKEN);
  assert_string_equal(c->results[1]->id, "ozyxwvtsrqpnmkjhg");
  assert_int_equal(c->results[1]->answer, DESKBELL__V1__OUTBOUND_ANSWER__REFUSED);
  assert_string_equal(c->results[1]->reason, "it is being sent");
}

static void stored_frames_are_still_read(void **state) {
  (void)state;
  static const struct {
    const char *file;
    Deskbell__V1__Frame__BodyCase kind;
    void (*check)(const link_frame *f);
  } rows[] = {
      {"hello-1.bin", DESKBELL__V1__FRAME__BODY_HELLO, check_hello},
      {"welcome-1.bin", DESKBELL__V1__FRAME__BODY_WELCOME, check_welcome},
      {"refuse-1.bin", DESKBELL__V1__FRAME__BODY_REFUSE, check_refuse},
      {"batch-1.bin", DESKBELL__V1__FRAME__BODY_BATCH, check_batch},
      {"confirm-1.bin", DESKBELL__V1__FRAME__BODY_CONFIRM, check_confirm},
      {"credit-1.bin", DESKBELL__V1__FRAME__BODY_CREDIT, check_credit},
      {"ping-1.bin", DESKBELL__V1__FRAME__BODY_PING, check_ping},
      {"pong-1.bin", DESKBELL__V1__FRAME__BODY_PONG, check_pong},
      {"bye-1.bin", DESKBELL__V1__FRAME__BODY_BYE, check_bye},
      {"replay-1.bin", DESKBELL__V1__FRAME__BODY_REPLAY, check_replay},
      {"outbound-1.bin", DESKBELL__V1__FRAME__BODY_OUTBOUND, check_outbound},
      {"outbound-confirm-1.bin", DESKBELL__V1__FRAME__BODY_OUTBOUND_CONFIRM, check_outbound_confirm},
      {"future-field.bin", DESKBELL__V1__FRAME__BODY_PING, check_ping},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct buf bytes;
    link_frame *f;
    const char *why;
    load(rows[i].file, &bytes);
    if (read_frame(buf_slice(&bytes), &f, &why) != 0)
      fail_msg("%s: %s", rows[i].file, why);
    assert_int_equal(f->body_case, rows[i].kind);
    rows[i].check(f);
    buf_free(&bytes);
  }
}

/* What our own code writes today is what is stored. */
static void frames_are_written_as_stored(void **state) {
  (void)state;
  static const char *const files[] = {"hello-1.bin",  "welcome-1.bin",  "refuse-1.bin",          "batch-1.bin",
                                      "confirm-1.bin", "credit-1.bin",  "ping-1.bin",            "pong-1.bin",
                                      "bye-1.bin",     "replay-1.bin",  "outbound-1.bin",        "outbound-confirm-1.bin"};
  for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
    struct buf bytes, out = BUF_INIT(FRAME_MAX);
    link_frame *f;
    const char *why;
    load(files[i], &bytes);
    assert_int_equal(read_frame(buf_slice(&bytes), &f, &why), 0);
    frame_write(f, &out);
    assert_int_equal(out.len, bytes.len);
    assert_memory_equal(out.at, bytes.at, out.len);
    buf_free(&bytes);
    buf_free(&out);
  }
}

static void a_kind_of_tomorrow_is_left_alone(void **state) {
  (void)state;
  struct buf bytes;
  link_frame *f;
  const char *why;
  load("future-body.bin", &bytes);
  assert_int_equal(read_frame(buf_slice(&bytes), &f, &why), FRAME_UNKNOWN);
  buf_free(&bytes);
}

static void every_cut_of_a_frame_is_broken_or_whole(void **state) {
  (void)state;
  struct buf bytes;
  link_frame *f;
  const char *why;
  load("batch-1.bin", &bytes);
  for (size_t len = 0; len < bytes.len; len++)
    assert_int_equal(read_frame(slice_of(bytes.at, len), &f, &why), FRAME_BROKEN);
  buf_free(&bytes);
}

/* ---- limits */

static void a_hello_is_broken_in_nine_ways(Deskbell__V1__Hello *h, size_t what) {
  static char names[][40] = {"", "Sms", "a/b", "-a", "a2345678901234567890123456789012x"};
  static char *many[FRAME_CHANNELS_MAX + 1], *one[1];
  static char channel[] = "a", none[] = "", long_channel[FRAME_NAME_MAX + 2];
  memset(long_channel, 'a', FRAME_NAME_MAX + 1);
  for (size_t i = 0; i <= FRAME_CHANNELS_MAX; i++)
    many[i] = channel;
  if (what < 5)
    h->program = names[what];
  else if (what == 5)
    h->session.len = 15;
  else {
    one[0] = what == 6 ? none : long_channel;
    h->channels = what == 8 ? many : one;
    h->n_channels = what == 8 ? FRAME_CHANNELS_MAX + 1 : 1;
  }
}

static int write_and_read(const link_frame *f, const char **ret_why) {
  struct buf out = BUF_INIT(FRAME_MAX);
  link_frame *back;
  frame_write(f, &out);
  int r = read_frame(buf_slice(&out), &back, ret_why);
  buf_free(&out);
  return r;
}

static void a_hello_has_limits(void **state) {
  (void)state;
  for (size_t what = 0; what < 9; what++) {
    Deskbell__V1__Hello h = DESKBELL__V1__HELLO__INIT;
    link_frame f = DESKBELL__V1__FRAME__INIT;
    const char *why;
    char program[] = "sms";
    h.program = program;
    h.session = (ProtobufCBinaryData){.len = SESSION_BYTES, .data = (uint8_t *)session};
    f.body_case = DESKBELL__V1__FRAME__BODY_HELLO;
    f.hello = &h;
    assert_int_equal(write_and_read(&f, &why), 0);
    a_hello_is_broken_in_nine_ways(&h, what);
    assert_int_equal(write_and_read(&f, &why), FRAME_BROKEN);
    assert_true(*why);
  }
}

static void a_batch_has_limits(void **state) {
  (void)state;
  static uint8_t event[FRAME_EVENT_MAX + 1];
  static const struct {
    const char *about;
    size_t items, event_len, id_len;
    uint64_t first, step;
    int expected;
  } rows[] = {
      {"as it should be", 64, 100, 16, 1, 1, 0},
      {"numbers with holes", 3, 100, 16, 5, 10, 0},
      {"the greatest numbers", 2, 100, 16, UINT64_MAX - 1, 1, 0},
      {"none", 0, 1, 16, 1, 1, FRAME_BROKEN},
      {"one too many", 65, 1, 16, 1, 1, FRAME_BROKEN},
      {"number 0", 1, 1, 16, 0, 1, FRAME_BROKEN},
      {"a number twice", 2, 1, 16, 1, 0, FRAME_BROKEN},
      {"numbers that fall", 2, 1, 16, 9, UINT64_MAX, FRAME_BROKEN},
      {"a short id", 1, 1, 15, 1, 1, FRAME_BROKEN},
      {"no id", 1, 1, 0, 1, 1, FRAME_BROKEN},
      {"an empty event", 1, 0, 16, 1, 1, FRAME_BROKEN},
      {"the largest event", 1, FRAME_EVENT_MAX, 16, 1, 1, 0},
      {"an event too large", 1, FRAME_EVENT_MAX + 1, 16, 1, 1, FRAME_BROKEN},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    Deskbell__V1__BatchItem items[65], *list[65];
    Deskbell__V1__EventBatch b = DESKBELL__V1__EVENT_BATCH__INIT;
    link_frame f = DESKBELL__V1__FRAME__INIT;
    const char *why;
    for (size_t k = 0; k < rows[i].items; k++) {
      deskbell__v1__batch_item__init(&items[k]);
      items[k].seq = rows[i].first + k * rows[i].step;
      items[k].id = (ProtobufCBinaryData){.len = rows[i].id_len, .data = (uint8_t *)session};
      items[k].event = (ProtobufCBinaryData){.len = rows[i].event_len, .data = event};
      list[k] = &items[k];
    }
    b.n_items = rows[i].items;
    b.items = list;
    f.body_case = DESKBELL__V1__FRAME__BODY_BATCH;
    f.batch = &b;
    if (write_and_read(&f, &why) != rows[i].expected)
      fail_msg("%s: %s", rows[i].about, why);
  }
}

static void an_outbound_batch_has_limits(void **state) {
  (void)state;
  static uint8_t message[LINK_OUTBOUND_MAX + 1];
  static char good[] = "o0123456789abcdef";
  static const struct {
    const char *about, *id, *order;
    size_t items, len;
    int expected;
  } rows[] = {
      {"as it should be", good, "deliver", 64, 100, 0},
      {"the largest message", good, "retry", 1, LINK_OUTBOUND_MAX, 0},
      {"an order without its message", good, "cancel", 1, 0, 0},
      {"none", good, "deliver", 0, 1, FRAME_BROKEN},
      {"one too many", good, "deliver", 65, 1, FRAME_BROKEN},
      {"too large", good, "deliver", 1, LINK_OUTBOUND_MAX + 1, FRAME_BROKEN},
      {"nothing to deliver", good, "deliver", 1, 0, FRAME_BROKEN},
      {"no id", "", "deliver", 1, 1, FRAME_BROKEN},
      {"a short id", "o0123456789abcde", "deliver", 1, 1, FRAME_BROKEN},
      {"a long id", "o0123456789abcdef0", "deliver", 1, 1, FRAME_BROKEN},
      {"another kind's id", "v0123456789abcdef", "deliver", 1, 1, FRAME_BROKEN},
      {"an id that is none", "o0123456789abcde/", "deliver", 1, 1, FRAME_BROKEN},
      {"an unknown order", good, "burn", 1, 1, FRAME_BROKEN},
      {"no order", good, "", 1, 1, FRAME_BROKEN},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    Deskbell__V1__OutboundItem items[65], *list[65];
    Deskbell__V1__OutboundBatch b = DESKBELL__V1__OUTBOUND_BATCH__INIT;
    link_frame f = DESKBELL__V1__FRAME__INIT;
    const char *why;
    for (size_t k = 0; k < rows[i].items; k++) {
      deskbell__v1__outbound_item__init(&items[k]);
      items[k].id = (char *)rows[i].id;
      items[k].order = (char *)rows[i].order;
      items[k].message = (ProtobufCBinaryData){.len = rows[i].len, .data = message};
      list[k] = &items[k];
    }
    b.n_items = rows[i].items;
    b.items = list;
    f.body_case = DESKBELL__V1__FRAME__BODY_OUTBOUND;
    f.outbound = &b;
    if (write_and_read(&f, &why) != rows[i].expected)
      fail_msg("%s: %s", rows[i].about, why);
  }
}

static void an_outbound_confirm_has_limits(void **state) {
  (void)state;
  static const struct {
    const char *about, *id, *order;
    size_t results;
    int expected;
  } rows[] = {
      {"as it should be", "o0123456789abcdef", "hold", FRAME_RESULTS, 0},
      {"none", "o0123456789abcdef", "hold", 0, FRAME_BROKEN},
      {"one too many", "o0123456789abcdef", "hold", FRAME_RESULTS + 1, FRAME_BROKEN},
      {"no id", "x", "hold", 1, FRAME_BROKEN},
      {"an unknown order", "o0123456789abcdef", "burn", 1, FRAME_BROKEN},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    static Deskbell__V1__OutboundResult result;
    Deskbell__V1__OutboundResult *list[FRAME_RESULTS + 1];
    Deskbell__V1__OutboundConfirm c = DESKBELL__V1__OUTBOUND_CONFIRM__INIT;
    link_frame f = DESKBELL__V1__FRAME__INIT;
    const char *why;
    deskbell__v1__outbound_result__init(&result);
    result.id = (char *)rows[i].id;
    result.order = (char *)rows[i].order;
    for (size_t k = 0; k < rows[i].results; k++)
      list[k] = &result;
    c.n_results = rows[i].results;
    c.results = list;
    f.body_case = DESKBELL__V1__FRAME__BODY_OUTBOUND_CONFIRM;
    f.outbound_confirm = &c;
    if (write_and_read(&f, &why) != rows[i].expected)
      fail_msg("%s: %s", rows[i].about, why);
  }
}

static void other_frames_have_limits(void **state) {
  (void)state;
  static const struct {
    const char *about, *bytes;
    size_t len;
  } rows[] = {
      {"nothing", "", 0},
      {"no body", "\x92\x01", 2},
      {"not protobuf", "\xff\xff\xff\xff", 4},
      {"welcome without a window", "\x12\x02\x08\x01", 4},
      {"confirm of nothing", "\x2a\x00", 2},
      {"an outcome of what is not confirmed", "\x2a\x06\x08\x01\x12\x02\x08\x02", 8},
      {"credit of nothing", "\x32\x00", 2},
      {"replay from before 1970", "\x52\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13},
      {"a length beyond the end", "\x3a\x7f\x08\x01", 4},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    link_frame *f;
    const char *why;
    if (read_frame(slice_of(rows[i].bytes, rows[i].len), &f, &why) != FRAME_BROKEN)
      fail_msg("%s", rows[i].about);
  }
}

/* Two bytes on the wire become dozens in memory; the arena's ceiling ends it. */
static void a_small_frame_does_not_become_large_in_memory(void **state) {
  (void)state;
  size_t count = FRAME_MAX / 2 - 8;
  uint8_t *bytes = must_calloc(1, FRAME_MAX);
  size_t n = 0, body = count * 2;
  bytes[n++] = 0x22; /* batch */
  for (; body > 0x7f; body >>= 7)
    bytes[n++] = (uint8_t)(body | 0x80);
  bytes[n++] = (uint8_t)body;
  for (size_t i = 0; i < count; i++) {
    bytes[n++] = 0x0a;
    bytes[n++] = 0;
  }
  link_frame *f;
  const char *why;
  assert_true(n <= FRAME_MAX);
  assert_int_equal(read_frame(slice_of(bytes, n), &f, &why), FRAME_BROKEN);
  assert_true(arena_used(arena) <= FRAME_ARENA);
  free(bytes);
}

/* ---- batches */

static void a_batch_takes_what_fits_and_no_more(void **state) {
  (void)state;
  static char event[FRAME_EVENT_MAX];
  static const struct {
    size_t len, expected;
  } rows[] = {{1, 64}, {1000, 64}, {4096, 64}, {4097, 63}, {40000, 6}, {FRAME_EVENT_MAX, 4}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    struct batch b;
    struct link_event e = {.seq = UINT64_MAX - 100, .event = slice_of(event, rows[i].len), .attempt = UINT32_MAX,
                           .spooled_ms = INT64_MIN};
    batch_init(&b);
    while (batch_fits(&b, rows[i].len)) {
      batch_add(&b, &e, INT64_MIN);
      e.seq++;
    }
    assert_int_equal(b.items, rows[i].expected);
    for (int again = 0; again < 2; again++) { /* sending may fail and be tried again */
      link_frame *f;
      const char *why;
      struct slice frame = batch_frame(&b);
      assert_true(frame.len <= FRAME_MAX);
      assert_int_equal(read_frame(frame, &f, &why), 0);
      assert_int_equal(f->batch->n_items, rows[i].expected);
      assert_int_equal(f->batch->items[0]->seq, UINT64_MAX - 100);
      assert_int_equal(f->batch->items[0]->event.len, rows[i].len);
    }
    batch_clear(&b);
    assert_true(batch_fits(&b, FRAME_EVENT_MAX));
    batch_free(&b);
  }
}

static void words_for_people_are_one_plain_line(void **state) {
  (void)state;
  char words[FRAME_REASON_MAX + 1], small[5], long_text[1000];
  frame_words("a\nb\x1b[31m\xc3\xa4", words, sizeof(words));
  assert_string_equal(words, "a?b?[31m??");
  frame_words("abcdef", small, sizeof(small));
  assert_string_equal(small, "abcd");
  memset(long_text, 'x', sizeof(long_text) - 1);
  long_text[sizeof(long_text) - 1] = '\0';
  frame_words(long_text, words, sizeof(words));
  assert_int_equal(strlen(words), FRAME_REASON_MAX);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stored_frames_are_still_read),
      cmocka_unit_test(frames_are_written_as_stored),
      cmocka_unit_test(a_kind_of_tomorrow_is_left_alone),
      cmocka_unit_test(every_cut_of_a_frame_is_broken_or_whole),
      cmocka_unit_test(a_hello_has_limits),
      cmocka_unit_test(a_batch_has_limits),
      cmocka_unit_test(an_outbound_batch_has_limits),
      cmocka_unit_test(an_outbound_confirm_has_limits),
      cmocka_unit_test(other_frames_have_limits),
      cmocka_unit_test(a_small_frame_does_not_become_large_in_memory),
      cmocka_unit_test(a_batch_takes_what_fits_and_no_more),
      cmocka_unit_test(words_for_people_are_one_plain_line),
  };
  return cmocka_run_group_tests(tests, open_arena, close_arena);
}
