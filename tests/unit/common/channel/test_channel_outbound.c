/* SPDX-License-Identifier: Apache-2.0 */
/* Orders from the router reach the delivery store and are answered as it says; states reach the router as events, once
 * they are durable. */
#include "channel_world.h"
#include "channel/channel_outbound.h"
#include "fake_outbound.h"
#include "base/file.h"
#include "metrics/metrics.h"
#include <stdio.h>
#include <stdlib.h>

struct bench {
  struct world w;                  /* first: the router's callbacks get it */
  struct channel_outbound *out;
  struct link_peer *peer;
  struct {
    char id[OUTBOUND_ID_LEN + 1], order[16], reason[100];
    enum link_answer answer;
  } answers[FAKE_MOST];
  size_t answer_count;
  bool resend;
  char channel_name[32], destination[64], attempted[OUTBOUND_ID_LEN + 1];
};

static const char id_a[] = "o0123456789abcdef", id_b[] = "oabcdefgh01234567";

static void on_came(void *arg, struct link_peer *peer) {
  ((struct bench *)arg)->peer = peer;
}

static void on_answered(void *arg, struct link_peer *peer, const struct link_outbound_answer *answers, size_t count) {
  struct bench *b = arg;
  (void)peer;
  for (size_t i = 0; i < count; i++, b->answer_count++) {
    snprintf(b->answers[b->answer_count].id, OUTBOUND_ID_LEN + 1, "%s", answers[i].id);
    snprintf(b->answers[b->answer_count].order, 16, "%s", answers[i].order);
    snprintf(b->answers[b->answer_count].reason, 100, "%.*s", (int)answers[i].reason.len, answers[i].reason.at);
    b->answers[b->answer_count].answer = answers[i].answer;
  }
}

static const char *destination(void *arg, const outbound_message *m) {
  struct bench *b = arg;
  snprintf(b->destination, sizeof(b->destination), "%s", m->to);
  return b->destination;
}

static void attempt(void *arg, const char *id, const outbound_message *m, uint32_t number) {
  struct bench *b = arg;
  assert_string_equal(id, m->id);
  assert_int_equal(number, 3);
  snprintf(b->attempted, sizeof(b->attempted), "%s", id);
}

static bool resend(void *arg, const outbound_message *m) {
  struct bench *b = arg;
  assert_string_equal(m->id, id_a);
  return b->resend;
}

static void open_outbound(struct bench *b) {
  struct complaint c = {.text = ""};
  struct channel_outbound_options options = {.program = "sms", .config = &b->w.config,
                                             .channel_kind = "sms", .destination = destination, .attempt = attempt,
                                             .resend = resend, .arg = b};
  if (channel_outbound_open(&b->w.loop, b->w.channel, &options, &b->out, &c))
    fail_msg("%s: %s", c.file, c.text);
}

static void open_bench(struct bench *b) {
  memset(b, 0, sizeof(*b));
  memset(&fake, 0, sizeof(fake));
  world_open(&b->w);
  b->w.came = on_came;
  b->w.answered = on_answered;
  world_router_open(&b->w);
  world_channel_open(&b->w, false);
  open_outbound(b);
  while (!b->peer)
    uv_run(&b->w.loop, UV_RUN_ONCE);
}

static void close_bench(struct bench *b) {
  channel_outbound_close(&b->out);
  world_close(&b->w);
}

static outbound_message message_of(const char *id, const char *channel) {
  outbound_message m = DESKBELL__V1__OUTBOUND_MESSAGE__INIT;
  m.id = (char *)id;
  m.channel = (char *)channel;
  m.to = (char *)"+14155550100";
  m.to_key = (char *)"tel:+14155550100";
  m.text = (char *)"Your order is on its way.";
  return m;
}

static void send_order(struct bench *b, const char *id, const char *order, const outbound_message *m, const char *bytes) {
  uint8_t packed[500];
  size_t len = m ? deskbell__v1__outbound_message__pack(m, packed) : strlen(bytes);
  struct link_outbound item = {.id = id, .order = order, .message = slice_of(m ? (const char *)packed : bytes, len)};
  size_t before = b->answer_count;
  assert_int_equal(link_router_send_outbound(b->peer, &item, 1), 1);
  while (b->answer_count == before)
    uv_run(&b->w.loop, UV_RUN_ONCE);
}

static void an_order_is_answered_as_the_store_says(void **state) {
  (void)state;
  static const struct {
    int outcome;
    enum link_answer answer;
    const char *reason;
  } rows[] = {{0, LINK_TAKEN, ""},
              {OUTBOUND_FULL, LINK_LATER, "the delivery store is full"},
              {OUTBOUND_UNREADABLE, LINK_REFUSED, "the message cannot be read"},
              {OUTBOUND_UNKNOWN, LINK_REFUSED, "the delivery store does not know it"},
              {OUTBOUND_ILLEGAL, LINK_REFUSED, "it is too late for that"},
              {77, LINK_LATER, ""},
              {-EIO, LINK_LATER, "Input/output error"}};
  static struct bench b;
  open_bench(&b);
  assert_non_null(strstr(fake.folder, "/sms/outbound"));
  assert_int_equal(fake.options.size, b.w.config.outbound.size);
  assert_string_equal(fake.options.channel_kind, "sms");
  outbound_message m = message_of(id_a, "sms-main");
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    fake.outcome = rows[i].outcome;
    send_order(&b, id_a, "deliver", &m, NULL);
    assert_int_equal(fake.take_count, i + 1);
    assert_string_equal(fake.takes[i].id, id_a);
    assert_string_equal(fake.takes[i].order, "deliver");
    assert_string_equal(b.answers[i].id, id_a);
    assert_string_equal(b.answers[i].order, "deliver");
    assert_int_equal(b.answers[i].answer, rows[i].answer);
    assert_string_equal(b.answers[i].reason, rows[i].reason);
  }
  fake.outcome = 0;
  send_order(&b, id_a, "cancel", NULL, ""); /* an order needs no message */
  assert_string_equal(fake.takes[7].order, "cancel");
  assert_int_equal(fake.takes[7].len, 0);
  close_bench(&b);
}

/* A store that was lost: what an operator tries again or releases is there again; what they stop is gone already. */
static void what_the_store_forgot_begins_anew(void **state) {
  (void)state;
  static const struct {
    const char *order;
    enum link_answer answer;
    size_t takes;
  } rows[] = {{"retry", LINK_TAKEN, 2}, {"release", LINK_TAKEN, 2}, {"hold", LINK_REFUSED, 1}, {"cancel", LINK_REFUSED, 1}};
  static struct bench b;
  open_bench(&b);
  fake.unknown = true;
  outbound_message m = message_of(id_a, "sms-main");
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    fake.take_count = 0;
    send_order(&b, id_a, rows[i].order, &m, NULL);
    assert_int_equal(b.answers[i].answer, rows[i].answer);
    assert_string_equal(b.answers[i].order, rows[i].order);
    assert_int_equal(fake.take_count, rows[i].takes);
    assert_true(rows[i].takes == 1 || (strcmp(fake.takes[1].order, "deliver") == 0 && fake.takes[1].len == fake.takes[0].len));
  }
  close_bench(&b);
}

static void orders_without_an_answer_end_with_the_store(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  fake.silent = true;
  uint8_t packed[500];
  outbound_message m = message_of(id_a, "sms-main");
  size_t len = deskbell__v1__outbound_message__pack(&m, packed);
  const struct link_outbound items[] = {{id_a, "deliver", slice_of(packed, len), 0}, {id_a, "retry", slice_of(packed, len), 2}};
  assert_int_equal(link_router_send_outbound(b.peer, items, 2), 2);
  while (fake.take_count < 2)
    uv_run(&b.w.loop, UV_RUN_ONCE);
  assert_int_equal(fake.takes[0].attempt, 0);
  assert_int_equal(fake.takes[1].attempt, 2);
  close_bench(&b);
  assert_int_equal(b.answer_count, 0);
}

static void what_is_not_ours_is_refused_before_the_store(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  outbound_message mail = message_of(id_a, "support"), unknown = message_of(id_a, "nowhere"), hook = message_of(id_b, "hook");
  send_order(&b, id_a, "deliver", &mail, NULL);
  send_order(&b, id_a, "deliver", &unknown, NULL);
  send_order(&b, id_a, "deliver", &hook, NULL);
  send_order(&b, id_a, "deliver", NULL, "\xff\xff\xff");
  for (size_t i = 0; i < 4; i++) {
    assert_int_equal(b.answers[i].answer, LINK_REFUSED);
    assert_true(b.answers[i].reason[0] != '\0');
  }
  assert_int_equal(fake.take_count, 0);
  send_order(&b, id_b, "deliver", &hook, NULL); /* a webhook's channel is this program's too */
  assert_int_equal(b.answers[4].answer, LINK_TAKEN);
  close_bench(&b);
}

static void without_a_store_nothing_is_taken(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  channel_outbound_close(&b.out);
  outbound_message m = message_of(id_a, "sms-main");
  send_order(&b, id_a, "deliver", &m, NULL);
  assert_int_equal(b.answers[0].answer, LINK_LATER);
  assert_string_equal(b.answers[0].reason, "this program delivers nothing");
  close_bench(&b);
}

static const struct world_arrival *arrival(struct bench *b, size_t n) {
  while (b->w.arrived <= n)
    uv_run(&b->w.loop, UV_RUN_ONCE);
  return &b->w.arrivals[n];
}

static void a_state_becomes_an_event(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  assert_int_equal(fake_change(id_a, DELIVERY_deferred, 2, 1000, 777), 0);
  assert_int_equal(fake.reported_count, 0); /* not before it is durable */
  const struct world_arrival *a = arrival(&b, 0);
  assert_string_equal(a->channel, "sms-main");
  assert_string_equal(a->key, "tel:+14155550100");
  assert_string_equal(a->of_outbound, id_a);
  assert_string_equal(a->of_source, "SM1");
  assert_string_equal(a->state, "deferred");
  assert_string_equal(a->why, "greylisted");
  assert_string_equal(a->code, "451 4.7.1");
  assert_string_equal(a->destination, "mx.example.org");
  assert_int_equal(a->of_attempt, 2);
  assert_int_equal(a->at_ms, 1000);
  assert_int_equal(a->next_try_ms, 777);
  assert_false(a->permanent);
  assert_int_equal(fake.reported_count, 1);
  assert_string_equal(fake.reported[0].id, id_a);
  assert_int_equal(fake.reported[0].state, DELIVERY_deferred);
  assert_int_equal(fake.reported[0].attempt, 2);
  close_bench(&b);
}

static void the_same_change_is_the_same_event(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  static const struct {
    const char *id;
    enum delivery_state state;
    uint32_t attempt;
    int64_t changed_ms;
  } rows[] = {{id_a, DELIVERY_held, 1, 1000},     {id_a, DELIVERY_held, 1, 1000}, {id_a, DELIVERY_held, 2, 1000},
              {id_a, DELIVERY_accepted, 1, 1000}, {id_a, DELIVERY_held, 1, 2000}, {id_b, DELIVERY_held, 1, 1000}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    fake_change(rows[i].id, rows[i].state, rows[i].attempt, rows[i].changed_ms, 0);
    arrival(&b, i);
  }
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
    for (size_t k = 0; k < i; k++) /* the first two alone are one */
      assert_int_equal(strcmp(b.w.arrivals[i].id, b.w.arrivals[k].id) == 0, i == 1 && k == 0);
  close_bench(&b);
}

static void what_is_final_and_what_waits_for_an_agent_says_so(void **state) {
  (void)state;
  static const struct {
    enum delivery_state state;
    int64_t next_try_ms;
    bool permanent;
  } rows[] = {{DELIVERY_failed, 0, true},   {DELIVERY_unsure, 0, true},   {DELIVERY_unsure, 777, false},
              {DELIVERY_deferred, 0, false}, {DELIVERY_accepted, 0, false}, {DELIVERY_suppressed, 0, false}};
  static struct bench b;
  open_bench(&b);
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    fake_change(id_a, rows[i].state, 1, (int64_t)i, rows[i].next_try_ms);
    assert_int_equal(arrival(&b, i)->permanent, rows[i].permanent);
    assert_int_equal(arrival(&b, i)->next_try_ms, rows[i].next_try_ms);
  }
  close_bench(&b);
}

static void fill_spool(struct world *w) {
  static char bytes[500 * 1024];
  for (size_t len = sizeof(bytes); len > 100; len /= 4)
    for (size_t full = w->full; w->full == full;)
      world_take(w, RECORD_RAW, slice_of(bytes, len));
}

static void a_full_spool_is_said(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  b.w.config.spool.keep_ms = 0;
  b.w.hold = true;
  fill_spool(&b.w);
  assert_true(fake_change(id_a, DELIVERY_accepted, 1, 1000, 0) > 0); /* the store asks again */
  assert_int_equal(fake.reported_count, 0);
  b.w.hold = false;
  world_answer(&b.w);
  while (fake_change(id_a, DELIVERY_accepted, 1, 1000, 0) != 0)
    uv_run(&b.w.loop, UV_RUN_ONCE);
  while (fake.reported_count < 1)
    uv_run(&b.w.loop, UV_RUN_ONCE);
  close_bench(&b);
}

static void closing_forgets_what_is_told_again(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  assert_int_equal(fake_change(id_a, DELIVERY_held, 1, 1000, 0), 0); /* under way into the spool */
  channel_outbound_close(&b.out);
  assert_int_equal(fake.reported_count, 0);
  open_outbound(&b);
  assert_int_equal(fake_change(id_a, DELIVERY_held, 1, 1000, 0), 0);
  close_bench(&b);
  assert_int_equal(fake.reported_count, 0);
}

static void what_the_program_says_is_asked_of_it(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  outbound_message m = message_of(id_a, "sms-main");
  assert_string_equal(fake.options.destination(fake.options.arg, &m), "+14155550100");
  fake.options.attempt(fake.options.arg, id_a, &m, 3);
  assert_string_equal(b.attempted, id_a);
  b.resend = true;
  assert_true(fake.options.resend(fake.options.arg, &m));
  assert_ptr_equal(channel_outbound_store(b.out), &fake);
  close_bench(&b);
}

static void on_synced(void *arg, int outcome, uint64_t seq) {
  (void)seq;
  assert_int_equal(outcome, 0);
  *(bool *)arg = true;
}

static void put_blob(const char *dir, const char *program, struct slice bytes, struct blob_ref *ret) {
  char folder[200];
  uv_loop_t loop;
  struct spool *spool;
  uv_loop_init(&loop);
  snprintf(folder, sizeof(folder), "%s/%s/blobs", dir, program);
  assert_int_equal(folder_make(folder), 0);
  char records[200];
  snprintf(records, sizeof(records), "%s/%s/spool", dir, program);
  struct spool_options options = {.folder = records, .size = 1024 * 1024, .blobs = {.folder = folder}};
  assert_int_equal(spool_open(&loop, &options, &spool), 0);
  assert_int_equal(blob_put(spool_blobs(spool), bytes, ret), 0);
  bool synced = false;
  assert_int_equal(spool_sync_blobs(spool, on_synced, &synced), 0);
  while (!synced)
    uv_run(&loop, UV_RUN_ONCE);
  spool_close(&spool);
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
}

static void an_attachment_is_found_beside(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  struct blob_ref beside;
  auto_clean(buf_free) struct buf bytes = BUF_INIT(1000);
  uint8_t nowhere[SHA256_BYTES] = {0};
  put_blob(b.w.dir, "deskbell", SLICE("made by the operator's tool"), &beside);
  assert_int_equal(channel_outbound_blob(&b.w.config, beside.sha256, &bytes), 0);
  assert_string_equal(bytes.at, "made by the operator's tool");
  assert_int_equal(channel_outbound_blob(&b.w.config, nowhere, &bytes), BLOB_ABSENT);
  close_bench(&b);
}

static void health_and_measures(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  auto_clean(buf_free) struct buf reasons = BUF_INIT(1000);
  channel_outbound_unhealthy(b.out, &reasons);
  assert_int_equal(reasons.len, 0);
  fake.state = (struct outbound_state){.waiting = 7, .under_way = 2, .unsure = 1, .held = 3, .oldest_ms = 1,
                                       .destinations_down = 4, .full = true, .damaged = 5};
  channel_outbound_measure(b.out);
  assert_int_equal(metric_value(metric_gauge("deskbell_outbound_waiting", "", NULL, NULL)), 7);
  assert_int_equal(metric_value(metric_gauge("deskbell_outbound_destinations_down", "", NULL, NULL)), 4);
  channel_outbound_unhealthy(b.out, &reasons);
  assert_non_null(strstr(reasons.at, "4 destinations"));
  assert_non_null(strstr(reasons.at, "is full"));
  assert_non_null(strstr(reasons.at, "5 messages were damaged"));
  assert_non_null(strstr(reasons.at, "the oldest of 7"));
  close_bench(&b);
}

static void a_store_that_cannot_be_opened_is_said(void **state) {
  (void)state;
  static struct bench b;
  open_bench(&b);
  channel_outbound_close(&b.out);
  fake.open_outcome = -EBUSY;
  struct complaint c = {.text = ""};
  struct channel_outbound_options options = {.program = "sms", .config = &b.w.config};
  assert_int_equal(channel_outbound_open(&b.w.loop, b.w.channel, &options, &b.out, &c), -EBUSY);
  assert_string_equal(c.text, "as told");
  close_bench(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_order_is_answered_as_the_store_says),
      cmocka_unit_test(what_the_store_forgot_begins_anew),
      cmocka_unit_test(orders_without_an_answer_end_with_the_store),
      cmocka_unit_test(what_is_not_ours_is_refused_before_the_store),
      cmocka_unit_test(without_a_store_nothing_is_taken),
      cmocka_unit_test(a_state_becomes_an_event),
      cmocka_unit_test(the_same_change_is_the_same_event),
      cmocka_unit_test(what_is_final_and_what_waits_for_an_agent_says_so),
      cmocka_unit_test(a_full_spool_is_said),
      cmocka_unit_test(closing_forgets_what_is_told_again),
      cmocka_unit_test(what_the_program_says_is_asked_of_it),
      cmocka_unit_test(an_attachment_is_found_beside),
      cmocka_unit_test(health_and_measures),
      cmocka_unit_test(a_store_that_cannot_be_opened_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
