/* SPDX-License-Identifier: Apache-2.0 */
/* The other way: orders reach the program within the window, answers come back, and what was not answered when either side
 * went away may be sent again. */
#include "link_world.h"
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 2000 };

/* The router's user, as the relay is one: sends messages 0 … total-1 until each is answered with taken or refused. */
struct desk {
  struct world w;
  struct link_peer *peer;
  size_t total, len, came;
  bool out[MOST], over[MOST];       /* on its way; taken or refused */
  size_t over_count, later, most_out, most_bytes, out_count;
  char reason[256];
};

struct carrier {
  struct program p;
  size_t got[MOST], calls, most_items, got_count;
  bool hold, refuse;
  size_t later;                     /* so many are answered LATER first */
  size_t held[MOST], held_count;
};

static char *bytes;

static void id_of(size_t n, char ret[DERIVED_ID_LEN + 1]) {
  snprintf(ret, DERIVED_ID_LEN + 1, "o%016u", (unsigned)n);
}

static void pump(struct desk *d) {
  struct link_outbound items[LINK_OUTBOUND_WINDOW];
  char ids[LINK_OUTBOUND_WINDOW][DERIVED_ID_LEN + 1];
  size_t count = 0, numbers[LINK_OUTBOUND_WINDOW];
  for (size_t n = 0; n < d->total && count < LINK_OUTBOUND_WINDOW; n++) {
    if (d->out[n] || d->over[n])
      continue;
    id_of(n, ids[count]);
    numbers[count] = n;
    items[count] = (struct link_outbound){.id = ids[count], .order = "deliver", .message = slice_of(bytes, d->len)};
    count++;
  }
  size_t taken = d->peer ? link_router_send_outbound(d->peer, items, count) : 0;
  assert_true(taken <= count);
  for (size_t i = 0; i < taken; i++)
    d->out[numbers[i]] = true;
  d->out_count += taken;
  if (d->out_count > d->most_out)
    d->most_out = d->out_count;
}

static void on_came(void *arg, struct link_peer *peer) {
  struct desk *d = arg; /* the world is its first member */
  assert_true(link_peer_up(peer));
  d->came++;
  d->peer = peer;
  d->out_count = 0;
  memset(d->out, 0, sizeof(d->out));
  pump(d);
}

static void on_answered(void *arg, struct link_peer *peer, const struct link_outbound_answer *answers, size_t count) {
  struct desk *d = arg;
  assert_ptr_equal(peer, d->peer);
  for (size_t i = 0; i < count; i++) {
    size_t n = strtoul(answers[i].id + 1, NULL, 10);
    assert_string_equal(answers[i].order, "deliver");
    assert_true(d->out[n]);
    d->out[n] = false;
    d->out_count--;
    snprintf(d->reason, sizeof(d->reason), "%.*s", (int)answers[i].reason.len, answers[i].reason.at);
    if (answers[i].answer == LINK_LATER) {
      d->later++;
      continue;
    }
    assert_false(d->over[n]);
    d->over[n] = true;
    d->over_count++;
  }
  pump(d);
}

static void answer_one(struct carrier *c, size_t n) {
  char id[DERIVED_ID_LEN + 1];
  id_of(n, id);
  enum link_answer answer = c->later ? LINK_LATER : c->refuse ? LINK_REFUSED : LINK_TAKEN;
  c->later -= c->later > 0;
  link_outbound_result(c->p.link, id, "deliver", answer, c->refuse ? SLICE("no\n\xc3\xa4 way") : SLICE(""));
}

static void on_outbound(void *arg, const struct link_outbound *items, size_t count) {
  struct carrier *c = arg; /* the program is its first member */
  assert_true(count >= 1 && count <= LINK_OUTBOUND_WINDOW);
  c->calls++;
  if (count > c->most_items)
    c->most_items = count;
  for (size_t i = 0; i < count; i++) {
    size_t n = strtoul(items[i].id + 1, NULL, 10);
    assert_true(n < MOST && items[i].message.len > 0);
    assert_string_equal(items[i].order, "deliver");
    c->got_count += c->got[n]++ == 0;
    if (c->hold)
      c->held[c->held_count++] = n;
    else
      answer_one(c, n);
  }
}

static void open_both(struct desk *d, struct carrier *c, size_t total, size_t len) {
  bytes = must_calloc(1, LINK_OUTBOUND_MAX);
  memset(d, 0, sizeof(*d));
  memset(c, 0, sizeof(*c));
  world_open(&d->w);
  d->w.came = on_came;
  d->w.answered = on_answered;
  d->total = total;
  d->len = len;
  c->p.outbound = on_outbound;
}

static void close_both(struct desk *d, struct carrier *c) {
  link_close(&c->p.link);
  world_close(&d->w);
  free(bytes);
}

static bool all_over(void *arg) {
  const struct desk *d = arg;
  return d->over_count == d->total;
}

static bool has_come_again(void *arg) {
  return ((const struct desk *)arg)->came >= 2;
}

static void each_is_handed_over_once(void **state) {
  (void)state;
  static const struct {
    size_t total, len;
  } rows[] = {{1, 1}, {2000, 100}, {200, 20000}, {60, LINK_OUTBOUND_MAX}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    static struct desk d;
    static struct carrier c;
    open_both(&d, &c, rows[i].total, rows[i].len);
    world_router_open(&d.w);
    program_open(&c.p, &d.w, "sms", 100); /* events go the other way meanwhile */
    world_until(&d.w, all_over, &d);
    world_until(&d.w, program_all_confirmed, &c.p);
    for (size_t n = 0; n < rows[i].total; n++)
      assert_int_equal(c.got[n], 1);
    assert_int_equal(d.came, 1);
    assert_true(d.most_out <= LINK_OUTBOUND_WINDOW);
    close_both(&d, &c);
  }
}

static size_t window; /* messages of it */

static bool holds_a_window(void *arg) {
  const struct carrier *c = arg;
  return c->held_count >= window;
}

static void no_more_than_the_window_is_on_its_way(void **state) {
  (void)state;
  static const struct {
    size_t len, expected;
  } rows[] = {{100, 64}, {LINK_OUTBOUND_MAX, 16}, {50000, 20}};
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    static struct desk d;
    static struct carrier c;
    open_both(&d, &c, 200, rows[i].len);
    c.hold = true;
    window = rows[i].expected;
    world_router_open(&d.w);
    program_open(&c.p, &d.w, "sms", 0);
    world_until(&d.w, holds_a_window, &c);
    world_settle(&d.w);
    assert_int_equal(c.held_count, rows[i].expected);
    pump(&d);
    world_settle(&d.w);
    assert_int_equal(c.held_count, rows[i].expected); /* nor when asked again */
    c.hold = false;
    for (size_t n = 0; n < rows[i].expected; n++)
      answer_one(&c, c.held[n]);
    world_until(&d.w, all_over, &d);
    close_both(&d, &c);
  }
}

static void later_is_asked_again_and_a_reason_is_a_plain_line(void **state) {
  (void)state;
  static struct desk d;
  static struct carrier c;
  open_both(&d, &c, 100, 10);
  c.refuse = true;
  c.later = 70;
  world_router_open(&d.w);
  program_open(&c.p, &d.w, "sms", 0);
  world_until(&d.w, all_over, &d);
  assert_int_equal(d.later, 70);
  assert_string_equal(d.reason, "no??? way");
  close_both(&d, &c);
}

static void what_was_not_answered_comes_again(void **state) {
  (void)state;
  static struct desk d;
  static struct carrier c;
  open_both(&d, &c, 100, 10);
  c.hold = true;
  world_router_open(&d.w);
  program_open(&c.p, &d.w, "sms", 0);
  world_until(&d.w, holds_a_window, &c);
  link_close(&c.p.link); /* it dies with a window of unanswered ones */
  c.held_count = 0;
  c.hold = false;
  program_open(&c.p, &d.w, "sms", 0);
  world_until(&d.w, all_over, &d);
  assert_int_equal(d.came, 2);
  assert_true(c.got[0] == 2);
  close_both(&d, &c);
}

static void another_router_begins_anew(void **state) {
  (void)state;
  static struct desk d;
  static struct carrier c;
  open_both(&d, &c, 300, 1000);
  c.hold = true;
  world_router_open(&d.w);
  program_open(&c.p, &d.w, "sms", 0);
  world_until(&d.w, holds_a_window, &c);
  link_router_close(&d.w.router);
  d.peer = NULL;
  world_router_open(&d.w);
  c.hold = false;
  c.held_count = 0;
  world_until(&d.w, has_come_again, &d);
  world_until(&d.w, all_over, &d);
  assert_int_equal(c.got_count, 300);
  close_both(&d, &c);
}

static void an_answer_to_nothing_is_dropped(void **state) {
  (void)state;
  static struct desk d;
  static struct carrier c;
  open_both(&d, &c, 0, 10);
  world_router_open(&d.w);
  program_open(&c.p, &d.w, "sms", 0);
  world_until(&d.w, program_up, &c.p);
  for (size_t n = 0; n < 400; n++) /* more than are kept */
    answer_one(&c, n);
  world_settle(&d.w);
  assert_int_equal(d.over_count, 0);
  d.total = 1;
  world_until(&d.w, program_up, &c.p);
  pump(&d);
  world_until(&d.w, all_over, &d);
  close_both(&d, &c);
}

/* The order is answered as well as the message: a late answer to "deliver" is none to "cancel". */
static void on_cancel(void *arg, struct link_peer *peer, const struct link_outbound_answer *answers, size_t count) {
  struct desk *d = arg;
  (void)peer;
  assert_int_equal(count, 1);
  assert_string_equal(answers[0].order, "cancel");
  d->over_count++;
}

static void on_orders(void *arg, const struct link_outbound *items, size_t count) {
  struct carrier *c = arg;
  for (size_t i = 0; i < count; i++) {
    assert_string_equal(items[i].order, "cancel");
    link_outbound_result(c->p.link, items[i].id, "deliver", LINK_TAKEN, SLICE(""));
    link_outbound_result(c->p.link, items[i].id, "cancel", LINK_TAKEN, SLICE(""));
  }
}

static void an_answer_belongs_to_its_order(void **state) {
  (void)state;
  static struct desk d;
  static struct carrier c;
  open_both(&d, &c, 0, 10);
  d.w.answered = on_cancel;
  c.p.outbound = on_orders;
  world_router_open(&d.w);
  program_open(&c.p, &d.w, "sms", 0);
  world_until(&d.w, program_up, &c.p);
  struct link_outbound cancel = {.id = "o0000000000000000", .order = "cancel", .message = SLICE("")};
  d.total = 1;
  assert_int_equal(link_router_send_outbound(d.peer, &cancel, 1), 1);
  world_until(&d.w, all_over, &d);
  close_both(&d, &c);
}

/* One that does not answer, as a program of an older version does not know these frames, costs its own window alone. */
static void a_silent_program_stops_nobody_else(void **state) {
  (void)state;
  static struct desk d;
  static struct carrier silent, other;
  open_both(&d, &silent, 200, 100);
  silent.hold = true;
  world_router_open(&d.w);
  program_open(&silent.p, &d.w, "email", 500);
  world_until(&d.w, holds_a_window, &silent);
  d.total = 0;
  memset(&other, 0, sizeof(other));
  other.p.outbound = on_outbound;
  program_open(&other.p, &d.w, "sms", 500);
  while (d.came < 2)
    uv_run(&d.w.loop, UV_RUN_ONCE);
  d.total = 200;
  pump(&d);
  world_until(&d.w, all_over, &d);
  world_until(&d.w, program_all_confirmed, &silent.p);
  world_until(&d.w, program_all_confirmed, &other.p);
  assert_int_equal(silent.held_count, 64);
  link_close(&other.p.link);
  close_both(&d, &silent);
}

static void a_program_that_delivers_nothing_says_later(void **state) {
  (void)state;
  static struct desk d;
  static struct carrier c;
  open_both(&d, &c, 1, 10);
  c.p.outbound = NULL;
  world_router_open(&d.w);
  program_open(&c.p, &d.w, "sms", 0);
  while (d.later < 3)
    uv_run(&d.w.loop, UV_RUN_ONCE);
  assert_string_equal(d.reason, "this program delivers nothing");
  close_both(&d, &c);
}

static void nothing_is_taken_while_it_is_away(void **state) {
  (void)state;
  static struct desk d;
  static struct carrier c;
  open_both(&d, &c, 0, 10);
  world_router_open(&d.w);
  program_open(&c.p, &d.w, "sms", 0);
  world_until(&d.w, program_up, &c.p);
  struct link_peer *peer = d.peer;
  size_t count;
  const char *const *channels = link_peer_channels(peer, &count);
  assert_int_equal(count, 2);
  assert_string_equal(channels[0], WORLD_CHANNEL);
  link_close(&c.p.link);
  while (link_peer_up(peer))
    uv_run(&d.w.loop, UV_RUN_ONCE);
  struct link_outbound item = {.id = "o0000000000000000", .order = "deliver", .message = SLICE("x")};
  assert_int_equal(link_router_send_outbound(peer, &item, 1), 0);
  close_both(&d, &c);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_is_handed_over_once),
      cmocka_unit_test(no_more_than_the_window_is_on_its_way),
      cmocka_unit_test(later_is_asked_again_and_a_reason_is_a_plain_line),
      cmocka_unit_test(what_was_not_answered_comes_again),
      cmocka_unit_test(another_router_begins_anew),
      cmocka_unit_test(an_answer_to_nothing_is_dropped),
      cmocka_unit_test(an_answer_belongs_to_its_order),
      cmocka_unit_test(a_silent_program_stops_nobody_else),
      cmocka_unit_test(a_program_that_delivers_nothing_says_later),
      cmocka_unit_test(nothing_is_taken_while_it_is_away),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
