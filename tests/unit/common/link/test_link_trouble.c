/* SPDX-License-Identifier: Apache-2.0 */
/* The link against strangers, liars, broken programs and full queues. */
#include "base/file.h"
#include "deskbell/v1/link.pb-c.h"
#include "link_world.h"
#include "metrics/metrics.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

static int64_t count_of(const char *name) {
  return metric_value(metric_counter(name, "", NULL, NULL));
}

/* ---- programs that may not */

static void a_key_the_router_does_not_know(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  world_router_open(&w);
  assert_int_equal(keys_make(w.dir, "stranger"), 0); /* after the router read its list */
  program_open(&p, &w, "stranger", 10);
  world_until(&w, program_in_trouble, &p);
  assert_non_null(strstr(link_trouble(p.link), "does not accept our key"));
  assert_int_equal(link_router_peers(w.router), 0);
  struct complaint c;
  assert_int_equal(link_router_reload(w.router, &c), 0); /* now it knows it */
  world_until(&w, program_all_confirmed, &p);
  assert_string_equal(link_trouble(p.link), "");
  link_close(&p.link);
  world_close(&w);
}

static void a_router_with_another_key(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  world_router_open(&w);
  program_open_with(&p, &w, "sms", "sms.key", "email.pub", NULL, 0);
  world_until(&w, program_in_trouble, &p);
  assert_non_null(strstr(link_trouble(p.link), "handshake failed"));
  link_close(&p.link);
  world_close(&w);
}

static void a_program_under_the_name_of_another(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  world_router_open(&w);
  program_open_with(&p, &w, "email", "sms.key", "router.pub", NULL, 0);
  world_until(&w, program_in_trouble, &p);
  assert_non_null(strstr(link_trouble(p.link), "another name than that of its key, 'sms'"));
  assert_int_equal(link_router_peers(w.router), 0);
  assert_int_equal(w.arrived, 0);
  link_close(&p.link);
  world_close(&w);
}

static void a_channel_it_may_not_speak_for(void **state) {
  (void)state;
  static const char *const channels[] = {WORLD_CHANNEL, "forbidden"};
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  world_router_open(&w);
  program_open_with(&p, &w, "sms", "sms.key", "router.pub", channels, 2);
  world_until(&w, program_in_trouble, &p);
  assert_string_equal(link_trouble(p.link), "the router refuses: 'sms' may not speak for channel 'forbidden'");
  assert_false(link_up(p.link));
  assert_int_equal(link_router_peers(w.router), 0);
  w.forbidden = "nothing"; /* the operator mends the configuration: no restart needed */
  world_until(&w, program_up, &p);
  link_close(&p.link);
  world_close(&w);
}

static void an_event_of_a_channel_that_is_not_its_own(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10, .channel = "elsewhere"};
  world_open(&w);
  world_router_open(&w);
  program_open(&p, &w, "sms", 10);
  world_until(&w, program_all_confirmed, &p);
  assert_int_equal(w.foreign, 10); /* marked for quarantine, neither refused nor lost */
  link_close(&p.link);
  world_close(&w);
}

static bool program_down(void *arg) {
  return !program_up(arg);
}

static void a_key_that_is_removed(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  struct complaint c;
  world_open(&w);
  world_router_open(&w);
  program_open(&p, &w, "sms", 10);
  world_until(&w, program_all_confirmed, &p);
  char *path = must_strdup(world_path(&w, "sms.pub"));
  assert_int_equal(file_write_atomic(path, SLICE("torn"), 0644), 0);
  assert_int_equal(link_router_reload(w.router, &c), -EBADMSG);
  assert_non_null(strstr(c.file, "sms.pub"));
  assert_true(link_up(p.link)); /* the old list is in force */
  unlink(path);
  free(path);
  assert_int_equal(link_router_reload(w.router, &c), 0);
  world_until(&w, program_down, &p);
  assert_non_null(strstr(link_trouble(p.link), "removed"));
  assert_int_equal(link_router_peers(w.router), 0);
  link_close(&p.link);
  world_close(&w);
}

static void a_second_router_does_not_steal_the_endpoint(void **state) {
  (void)state;
  struct world w;
  struct complaint c = {.text = ""};
  struct link_router *second;
  world_open(&w);
  world_router_open(&w);
  char key[128];
  snprintf(key, sizeof(key), "%s", world_path(&w, "router.key"));
  struct link_router_options options = w.options;
  struct link_router_user user = {.arg = NULL};
  options.listen = w.endpoint;
  options.key_file = key;
  options.keys_folder = w.dir;
  assert_int_equal(link_router_open(&w.loop, &options, &user, &second, &c), -EADDRINUSE);
  assert_non_null(strstr(c.text, "another router listens"));
  struct program p = {.len = 10};
  program_open(&p, &w, "sms", 10);
  world_until(&w, program_all_confirmed, &p);
  link_close(&p.link);
  world_close(&w);
}

static void what_cannot_be_opened_is_said(void **state) {
  (void)state;
  struct world w;
  struct complaint c = {.text = ""};
  struct link *l;
  world_open(&w);
  char own[256], server[256];
  snprintf(own, sizeof(own), "%s/sms.key", w.dir);
  snprintf(server, sizeof(server), "%s/router.pub", w.dir);
  struct link_user user = {.arg = NULL};
  struct link_options good = {.program = "sms", .router = w.endpoint, .server_key_file = server, .own_key_file = own,
                              .heartbeat_ms = 10, .dead_after_ms = 20}, o;
  o = good, o.own_key_file = "/nonexistent";
  assert_int_equal(link_open(&w.loop, &o, &user, &l, &c), -ENOENT);
  assert_string_equal(c.file, "/nonexistent");
  o = good, o.server_key_file = own; /* two lines where one is expected */
  assert_int_equal(link_open(&w.loop, &o, &user, &l, &c), -EBADMSG);
  o = good, o.router = "nowhere";
  assert_true(link_open(&w.loop, &o, &user, &l, &c) < 0);
  assert_non_null(strstr(c.text, "nowhere"));
  o = good, o.program = "Not A Name";
  assert_int_equal(link_open(&w.loop, &o, &user, &l, &c), -EINVAL);
  o = good, o.dead_after_ms = 19;
  assert_int_equal(link_open(&w.loop, &o, &user, &l, &c), -EINVAL);
  strcpy(w.endpoint, "tcp://127.0.0.1:no-port");
  struct link_router *r;
  struct link_router_options options = w.options;
  options.listen = w.endpoint;
  char key[256];
  snprintf(key, sizeof(key), "%s/router.key", w.dir);
  options.key_file = key;
  options.keys_folder = w.dir;
  struct link_router_user router_user = {.arg = NULL};
  assert_true(link_router_open(&w.loop, &options, &router_user, &r, &c) < 0);
  assert_non_null(strstr(c.text, "cannot listen on tcp://127.0.0.1:no-port"));
  world_close(&w);
}

static void sizes_are_checked_before_sending(void **state) {
  (void)state;
  static char large[LINK_EVENT_MAX + 1];
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  world_router_open(&w);
  program_open(&p, &w, "sms", 10);
  struct link_event e = {.seq = 1, .event = slice_of(large, 1)};
  assert_int_equal(link_send(p.link, &e), LINK_NO_CREDIT); /* not up yet */
  world_until(&w, program_all_confirmed, &p);
  e = (struct link_event){.seq = 11, .event = slice_of(large, LINK_EVENT_MAX + 1)};
  assert_int_equal(link_send(p.link, &e), -EMSGSIZE);
  e.event.len = 0;
  assert_int_equal(link_send(p.link, &e), -EINVAL);
  e.event.len = LINK_EVENT_MAX;
  assert_int_equal(link_send(p.link, &e), 0);
  p.next = 12;
  p.total = 11;
  world_until(&w, program_all_confirmed, &p);
  link_close(&p.link);
  world_close(&w);
}

/* ---- a program of bare frames: the right key, and bad manners */

struct bare {
  struct world *w;
  void *context, *socket;
  struct arena *arena;
  link_frame *said;    /* the last frame of the router */
  size_t heard;
};

static void bare_open(struct bare *b, struct world *w, const char *name) {
  char file[128], public_key[KEY_TEXT], secret[KEY_TEXT], server[KEY_TEXT];
  int zero = 0;
  *b = (struct bare){.w = w, .context = zmq_ctx_new(), .arena = arena_new(64 * 1024, FRAME_ARENA)};
  snprintf(file, sizeof(file), "%s/%s.key", w->dir, name);
  assert_int_equal(keys_read_pair(file, public_key, secret), 0);
  assert_int_equal(keys_read_public(world_path(w, "router.pub"), server), 0);
  b->socket = zmq_socket(b->context, ZMQ_DEALER);
  assert_int_equal(zmq_setsockopt(b->socket, ZMQ_ROUTING_ID, name, strlen(name)), 0);
  zmq_setsockopt(b->socket, ZMQ_CURVE_SERVERKEY, server, KEY_TEXT);
  zmq_setsockopt(b->socket, ZMQ_CURVE_PUBLICKEY, public_key, KEY_TEXT);
  zmq_setsockopt(b->socket, ZMQ_CURVE_SECRETKEY, secret, KEY_TEXT);
  zmq_setsockopt(b->socket, ZMQ_LINGER, &zero, sizeof(zero));
  assert_int_equal(zmq_connect(b->socket, w->endpoint), 0);
}

static void bare_close(struct bare *b) {
  zmq_close(b->socket);
  zmq_ctx_term(b->context);
  arena_free(&b->arena);
}

static void bare_send(struct bare *b, struct slice bytes) {
  assert_int_equal(zmq_send(b->socket, bytes.at, bytes.len, 0), bytes.len);
}

static void bare_say(struct bare *b, const link_frame *f) {
  struct buf out = BUF_INIT(FRAME_MAX);
  frame_write(f, &out);
  bare_send(b, buf_slice(&out));
  buf_free(&out);
}

static void bare_hello(struct bare *b, const char *program, uint32_t version) {
  static uint8_t session[SESSION_BYTES];
  static char channel[] = WORLD_CHANNEL;
  char *channels[] = {channel}, name[40];
  Deskbell__V1__Hello h = DESKBELL__V1__HELLO__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  snprintf(name, sizeof(name), "%s", program);
  session[0]++;
  h.version = version;
  h.program = name;
  h.session = (ProtobufCBinaryData){.len = SESSION_BYTES, .data = session};
  h.channels = channels;
  h.n_channels = 1;
  f.body_case = DESKBELL__V1__FRAME__BODY_HELLO;
  f.hello = &h;
  bare_say(b, &f);
}

static void bare_batch(struct bare *b, uint64_t first, size_t count, size_t len) {
  static char bytes[2 * LINK_EVENT_MAX];
  Deskbell__V1__BatchItem items[FRAME_BATCH_ITEMS], *list[FRAME_BATCH_ITEMS];
  struct event_id ids[FRAME_BATCH_ITEMS];
  Deskbell__V1__EventBatch batch = DESKBELL__V1__EVENT_BATCH__INIT;
  link_frame f = DESKBELL__V1__FRAME__INIT;
  size_t size = 0;
  for (size_t i = 0; i < count; i++) {
    size = event_of(first + i, WORLD_CHANNEL, len, &ids[i], bytes, sizeof(bytes));
    deskbell__v1__batch_item__init(&items[i]);
    items[i].seq = first + i;
    items[i].id = (ProtobufCBinaryData){.len = 16, .data = ids[i].bytes};
    items[i].event = (ProtobufCBinaryData){.len = size, .data = (uint8_t *)bytes};
    list[i] = &items[i];
  }
  batch.n_items = count;
  batch.items = list;
  f.body_case = DESKBELL__V1__FRAME__BODY_BATCH;
  f.batch = &batch;
  bare_say(b, &f);
}

static bool bare_heard(void *arg) {
  struct bare *b = arg;
  static char bytes[FRAME_MAX];
  const char *why;
  int n = zmq_recv(b->socket, bytes, sizeof(bytes), ZMQ_DONTWAIT);
  if (n < 0)
    return false;
  arena_reset(b->arena);
  assert_int_equal(frame_read(slice_of(bytes, (size_t)n), b->arena, &b->said, &why), 0);
  b->heard++;
  return true;
}

/* What the router says next, pings aside. */
static link_frame *bare_hear(struct bare *b) {
  do
    world_until(b->w, bare_heard, b);
  while (b->said->body_case == DESKBELL__V1__FRAME__BODY_PING);
  return b->said;
}

static void expect_refuse(struct bare *b, const char *words) {
  link_frame *f = bare_hear(b);
  assert_int_equal(f->body_case, DESKBELL__V1__FRAME__BODY_REFUSE);
  if (!strstr(f->refuse->reason, words))
    fail_msg("'%s' is not in '%s'", words, f->refuse->reason);
}

static void expect_welcome(struct bare *b) {
  assert_int_equal(bare_hear(b)->body_case, DESKBELL__V1__FRAME__BODY_WELCOME);
}

static void expect_confirm(struct bare *b, uint64_t upto) {
  do
    assert_int_equal(bare_hear(b)->body_case, DESKBELL__V1__FRAME__BODY_CONFIRM);
  while (b->said->confirm->upto < upto);
  assert_int_equal(b->said->confirm->upto, upto);
}

static void hellos_that_are_refused(void **state) {
  (void)state;
  struct world w;
  struct bare b;
  world_open(&w);
  world_router_open(&w);
  bare_open(&b, &w, "sms");
  bare_hello(&b, "sms", 2);
  expect_refuse(&b, "protocol version 2; this router speaks 1");
  bare_hello(&b, "email", 1);
  expect_refuse(&b, "its key is that of 'sms'");
  bare_batch(&b, 1, 1, 10);
  expect_refuse(&b, REFUSE_HELLO_FIRST);
  assert_int_equal(w.arrived, 0);
  bare_hello(&b, "sms", 1);
  expect_welcome(&b);
  bare_batch(&b, 1, 3, 10);
  expect_confirm(&b, 3);
  bare_close(&b);
  world_close(&w);
}

/* A batch that was dropped must not be jumped over by the next one: that would confirm what never came. */
static void behind_a_broken_frame_all_begins_anew(void **state) {
  (void)state;
  struct world w;
  struct bare b;
  world_open(&w);
  world_router_open(&w);
  int64_t before = count_of("deskbell_link_broken_frames_total");
  bare_open(&b, &w, "sms");
  bare_hello(&b, "sms", 1);
  expect_welcome(&b);
  bare_send(&b, SLICE("\xff\xff\xff"));
  bare_batch(&b, 10, 3, 10);
  bare_batch(&b, 13, 3, 10);
  expect_refuse(&b, REFUSE_HELLO_FIRST);
  bare_hello(&b, "sms", 1);
  expect_welcome(&b); /* one demand, not one for each frame */
  assert_int_equal(w.arrived, 0);
  assert_int_equal(count_of("deskbell_link_broken_frames_total"), before + 1);
  bare_batch(&b, 1, 2, 10);
  expect_confirm(&b, 2);
  bare_batch(&b, 2, 2, 10); /* goes back without a Hello */
  expect_refuse(&b, REFUSE_HELLO_FIRST);
  bare_close(&b);
  world_close(&w);
}

static void ten_broken_frames_in_a_row(void **state) {
  (void)state;
  static const struct slice rows[] = {
      {"", 0},         {"x", 1},          {"\xff\xff", 2},  {"\x0a\x00", 2}, {"\x22\x00", 2},
      {"\x2a\x00", 2}, {"\x12\x02\x08", 3}, {"\x42\x01", 2}, {"\x1a\x7f", 2}, {"\x2a\x02\x08\x01", 4},
  };
  struct world w;
  struct bare b;
  world_open(&w);
  world_router_open(&w);
  int64_t before = count_of("deskbell_link_broken_frames_total");
  bare_open(&b, &w, "sms");
  bare_hello(&b, "sms", 1);
  expect_welcome(&b);
  for (size_t i = 0; i < 10; i++)
    bare_send(&b, rows[i]);
  do
    assert_int_equal(bare_hear(&b)->body_case, DESKBELL__V1__FRAME__BODY_REFUSE);
  while (strcmp(b.said->refuse->reason, REFUSE_HELLO_FIRST) == 0);
  assert_non_null(strstr(b.said->refuse->reason, "10 broken frames in a row"));
  assert_int_equal(count_of("deskbell_link_broken_frames_total"), before + 10);
  assert_int_equal(link_router_peers(w.router), 0);
  bare_close(&b);
  world_close(&w);
}

static void more_parts_than_one_are_broken(void **state) {
  (void)state;
  struct world w;
  struct bare b;
  world_open(&w);
  world_router_open(&w);
  bare_open(&b, &w, "sms");
  bare_hello(&b, "sms", 1);
  expect_welcome(&b);
  zmq_send(b.socket, "a", 1, ZMQ_SNDMORE);
  zmq_send(b.socket, "b", 1, ZMQ_SNDMORE);
  zmq_send(b.socket, "c", 1, 0);
  expect_refuse(&b, REFUSE_HELLO_FIRST);
  bare_hello(&b, "sms", 1); /* the parts were all taken off */
  expect_welcome(&b);
  bare_close(&b);
  world_close(&w);
}

static void more_than_the_window_is_refused(void **state) {
  (void)state;
  struct world w;
  struct bare b;
  world_open(&w);
  w.hold = true;
  w.options.window_events = 100;
  world_router_open(&w);
  bare_open(&b, &w, "sms");
  bare_hello(&b, "sms", 1);
  expect_welcome(&b);
  bare_batch(&b, 1, 64, 10);
  bare_batch(&b, 65, 64, 10);
  expect_refuse(&b, "more than its window: 100 events");
  assert_int_equal(w.held_count, 100); /* what came before is kept */
  assert_int_equal(link_router_outstanding(w.router), 100);
  bare_close(&b);
  world_close(&w);
}

static size_t arrived_before;

static bool reconnected(void *arg) {
  struct bare *b = arg;
  bare_hello(b, "sms", 1);
  for (int i = 0; i < 10; i++)
    uv_run(&b->w->loop, UV_RUN_NOWAIT);
  return bare_heard(b) && b->said->body_case == DESKBELL__V1__FRAME__BODY_WELCOME;
}

static void an_oversize_frame_costs_its_sender_the_connection_alone(void **state) {
  (void)state;
  struct world w;
  struct bare b;
  struct program p = {.len = 10};
  world_open(&w);
  world_router_open(&w);
  program_open(&p, &w, "email", 10);
  world_until(&w, program_all_confirmed, &p);
  bare_open(&b, &w, "sms");
  bare_hello(&b, "sms", 1);
  expect_welcome(&b);
  char *large = must_calloc(1, FRAME_MAX + 1);
  bare_send(&b, slice_of(large, FRAME_MAX + 1));
  free(large);
  arrived_before = w.arrived;
  world_until(&w, reconnected, &b); /* its socket comes back by itself */
  assert_int_equal(w.arrived, arrived_before);
  assert_true(link_up(p.link));
  p.total = 20;
  program_feed(&p);
  world_until(&w, program_all_confirmed, &p);
  assert_int_equal(p.restarts, 1);
  bare_close(&b);
  link_close(&p.link);
  world_close(&w);
}

/* It says Hello and events and never listens: its answers fill libzmq's queues. The others must not feel it. */
static void a_program_that_does_not_listen_disturbs_nobody(void **state) {
  (void)state;
  struct world w;
  struct bare b;
  struct program p = {.len = 10};
  world_open(&w);
  w.options.window_events = 10000;
  w.reason = "a reason makes the answers long: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
  w.outcome = LINK_QUARANTINED;
  world_router_open(&w);
  bare_open(&b, &w, "sms");
  bare_hello(&b, "sms", 1);
  expect_welcome(&b);
  for (uint64_t n = 0; n < 150; n++) {
    bare_batch(&b, 1 + n * 64, 64, 10);
    uv_run(&w.loop, UV_RUN_NOWAIT);
  }
  program_open(&p, &w, "email", 5000);
  world_until(&w, program_all_confirmed, &p);
  /* It vanishes with everything unread. */
  bare_close(&b);
  while (link_router_peers(w.router) > 1)
    uv_run(&w.loop, UV_RUN_ONCE);
  p.total = 9000;
  program_feed(&p);
  world_until(&w, program_all_confirmed, &p);
  assert_int_equal(link_router_outstanding(w.router), 0);
  link_close(&p.link);
  world_close(&w);
}

/* ---- a router that is none */

static void on_alarm(uv_timer_t *timer) {
  *(volatile bool *)timer->data = true;
}

/* Somebody accepts the connection and says nothing: the link gives up by itself, says why, and tries again. */
static void a_router_that_accepts_and_is_silent(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  snprintf(at.sun_path, sizeof(at.sun_path), "%s/router.ipc", w.dir);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
  assert_int_equal(listen(fd, 10), 0);
  program_open(&p, &w, "sms", 10);
  world_until(&w, program_in_trouble, &p);
  assert_false(link_up(p.link));
  assert_true(link_down_ms(p.link) > 0);
  close(fd);
  unlink(at.sun_path);
  world_router_open(&w);
  world_until(&w, program_all_confirmed, &p);
  link_close(&p.link);
  world_close(&w);
}

/* An idle link stays up beyond dead_after on pings alone, and does not keep the loop busy. */
static void an_idle_link_stays_up_and_sleeps(void **state) {
  (void)state;
  struct world w;
  struct program p = {.len = 10};
  world_open(&w);
  w.options.dead_after_ms = 500;
  world_router_open(&w);
  program_open(&p, &w, "sms", 10);
  world_until(&w, program_all_confirmed, &p);
  volatile bool over = false; /* set by the alarm */
  uv_timer_t alarm;
  uv_timer_init(&w.loop, &alarm);
  alarm.data = (void *)&over;
  uv_timer_start(&alarm, on_alarm, 1500, 0); /* three times dead_after; what is tested is silence itself */
  int turns = 0;
  for (; !over; turns++)
    uv_run(&w.loop, UV_RUN_ONCE);
  assert_true(link_up(p.link));
  assert_int_equal(p.restarts, 1);
  assert_int_equal(link_router_peers(w.router), 1);
  assert_true(turns < 150); /* both ends together: three a heartbeat */
  uv_close((uv_handle_t *)&alarm, NULL);
  link_close(&p.link);
  world_close(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_key_the_router_does_not_know),
      cmocka_unit_test(a_router_with_another_key),
      cmocka_unit_test(a_program_under_the_name_of_another),
      cmocka_unit_test(a_channel_it_may_not_speak_for),
      cmocka_unit_test(an_event_of_a_channel_that_is_not_its_own),
      cmocka_unit_test(a_key_that_is_removed),
      cmocka_unit_test(a_second_router_does_not_steal_the_endpoint),
      cmocka_unit_test(what_cannot_be_opened_is_said),
      cmocka_unit_test(sizes_are_checked_before_sending),
      cmocka_unit_test(hellos_that_are_refused),
      cmocka_unit_test(behind_a_broken_frame_all_begins_anew),
      cmocka_unit_test(ten_broken_frames_in_a_row),
      cmocka_unit_test(more_parts_than_one_are_broken),
      cmocka_unit_test(more_than_the_window_is_refused),
      cmocka_unit_test(an_oversize_frame_costs_its_sender_the_connection_alone),
      cmocka_unit_test(a_program_that_does_not_listen_disturbs_nobody),
      cmocka_unit_test(a_router_that_accepts_and_is_silent),
      cmocka_unit_test(an_idle_link_stays_up_and_sleeps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
