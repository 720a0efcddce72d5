/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions: by hand, against a slow search of all pairs on random desks, and again from their records. */
#include "dispatch/record.h"
#include "tests/unit/common/dispatch/random_desk.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SECOND 1e3
#define MINUTE 60e3
#define HOUR 3600e3

/* ---- a desk to decide on */
enum { VOICE, CHAT, MAIL, QUEUES };

/* Voice takes all three units, chat one, mail three. Ana and Bo do all, Eve no voice. */
static void set_up(struct desk *d) {
  memset(d, 0, sizeof(*d));
  d->weights = rule_weights_standard();
  const struct rule_queue queues[] = {{.name = SLICE("voice"),
                                       .target_ms = 30 * SECOND,
                                       .handling_ms = 5 * MINUTE,
                                       .scarcity = 0.5,
                                       .units = 3,
                                       .real_time = true,
                                       .on_duty = 2},
                                      {.name = SLICE("chat"),
                                       .target_ms = 90 * SECOND,
                                       .handling_ms = 9 * MINUTE,
                                       .scarcity = 0.4,
                                       .units = 1,
                                       .real_time = true,
                                       .on_duty = 3},
                                      {.name = SLICE("mail"),
                                       .target_ms = 2 * HOUR,
                                       .handling_ms = 7 * MINUTE,
                                       .scarcity = 0.2,
                                       .units = 3,
                                       .on_duty = 3}};
  memcpy(d->queues, queues, sizeof(queues));
  for (size_t q = 0; q < QUEUES; q++)
    d->queues[q].now_ms = 1e12;
  rule_prepare(&d->weights, d->queues, QUEUES);
  d->ln_speed[2][VOICE] = RULE_LACKS;
  d->groups[0] = desk_group("Ana", d->ln_speed[0], 3, 3);
  d->groups[1] = desk_group("Bo", d->ln_speed[1], 3, 3);
  d->groups[2] = desk_group("Eve", d->ln_speed[2], 3, 3);
  d->groups[0].idle_since_ms = 3, d->groups[1].idle_since_ms = 2, d->groups[2].idle_since_ms = 1;
  d->view = (struct rule_view){&d->weights, d->queues, QUEUES, d->groups, 3, d->items, 0};
}

/* Written down and read again it gives the same decision, in the same words. */
static void check_text(const struct rule_record *r) {
  static struct rule_record again;
  struct buf text = BUF_INIT(1 << 20), words[2] = {BUF_INIT(4096), BUF_INIT(4096)};
  const char *what = "it cannot be read";
  assert_int_equal(rule_record_write(r, &text), 0);
  if (rule_record_read(buf_slice(&text), &again) || rule_replay(&again, &what))
    fail_msg("a record that was written down: %s\n%s", what, text.at);
  rule_words(r, &words[0]);
  rule_words(&again, &words[1]);
  assert_string_equal(words[0].at, words[1].at);
  buf_free(&text), buf_free(&words[0]), buf_free(&words[1]);
}

static int decide(struct desk *d) {
  rule_count(d->queues, d->view.queue_count, d->groups, d->view.group_count);
  int r = rule_decide(&d->view, &d->record);
  const char *what = NULL;
  if (rule_replay(&d->record, &what))
    fail_msg("the record does not give the decision again: %s", what);
  check_text(&d->record);
  return r;
}

static void assert_offer(struct desk *d, const char *id, const char *agent) {
  assert_int_equal(decide(d), 0);
  if (!slice_equal(d->record.items[0].item.id, slice_text(id)) ||
      !slice_equal(d->record.agents[0].agent, slice_text(agent)))
    fail_msg("%.*s to %.*s, not %s to %s", (int)d->record.items[0].item.id.len, d->record.items[0].item.id.at,
             (int)d->record.agents[0].agent.len, d->record.agents[0].agent.at, id, agent);
}

static void assert_words(struct desk *d, const char *words) {
  struct buf b = BUF_INIT(4096);
  assert_int_equal(rule_words(&d->record, &b), 0);
  assert_string_equal(b.at, words);
  buf_free(&b);
}

/* ---- by hand */

static void test_agent_who_is_least_needed(void **state) {
  (void)state;
  struct desk d;
  set_up(&d);
  d.items[d.view.item_count++] = desk_item(&d, "w1", CHAT, 0, 1);
  assert_offer(&d, "w1", "Eve"); /* Ana and Bo could take a call */
  assert_words(&d, "offered to Eve: chat; nothing else could be taken; waited 0 s of 90 s (x 1); 0 of 3 units used; "
                   "also fit: Bo, Ana; "
                   "Bo is one of 2 free for voice");
  d.view.group_count = 2;
  assert_offer(&d, "w1", "Bo"); /* the longest idle of two alike */
}

static void test_known_agent_is_preferred_when_free(void **state) {
  (void)state;
  struct desk d;
  set_up(&d);
  struct rule_item *w = &d.items[d.view.item_count++];
  *w = desk_item(&d, "w1", VOICE, 15 * SECOND, 2);
  w->known = slice_text("Ana"), w->known_group = 0, w->ln_known = 0.7;
  assert_offer(&d, "w1", "Ana");
  assert_true(d.record.items[0].ln_known == 0.7);
  assert_words(&d, "offered to Ana: voice; nothing else could be taken; customer's value x 2; waited 15 s of 30 s (x "
                   "2); known to this "
                   "customer; 0 of 3 units used; also fit: Bo");
  w->known_group = RULE_NOBODY; /* he is busy: nobody waits for him */
  assert_offer(&d, "w1", "Bo");
}

static void test_reserve_keeps_agents_from_what_has_time(void **state) {
  (void)state;
  struct desk d;
  set_up(&d);
  d.items[d.view.item_count++] = desk_item(&d, "m1", MAIL, 0, 16);
  d.view.group_count = 1; /* Ana alone, and voice keeps one of two */
  assert_int_equal(d.queues[VOICE].keep, 1);
  assert_int_equal(decide(&d), RULE_WAIT);
  assert_int_equal(d.record.held_count, 1);
  assert_words(&d, "waits: m1 has time and voice keeps 1, of whom 1 are free");
  d.view.group_count = 2; /* Bo stays free */
  assert_offer(&d, "m1", "Bo");
  d.view.group_count = 1;
  d.items[d.view.item_count++] = desk_item(&d, "c1", CHAT, 10 * SECOND, 0.25);
  assert_offer(&d, "c1", "Ana"); /* for what is due the reserve is no reason */
  d.items[0] = desk_item(&d, "m1", MAIL, 2 * HOUR * 0.8, 1);
  d.view.item_count = 1;
  assert_offer(&d, "m1", "Ana"); /* and a mail becomes due by itself */
}

static void test_nobody_fits(void **state) {
  (void)state;
  struct desk d;
  set_up(&d);
  assert_int_equal(decide(&d), RULE_WAIT);
  assert_words(&d, "waits: there is nothing to take");
  d.items[d.view.item_count++] = desk_item(&d, "v1", VOICE, 0, 1);
  d.groups[0] = d.groups[2];
  d.view.group_count = 1;
  assert_int_equal(decide(&d), RULE_WAIT);
  assert_words(&d, "waits: nobody who fits has room");
}

static void test_capacity_by_kind(void **state) {
  (void)state;
  struct desk d;
  set_up(&d);
  d.queues[CHAT].kind = 1;
  d.items[d.view.item_count++] = desk_item(&d, "c1", CHAT, 0, 1);
  for (size_t g = 0; g < 3; g++)
    d.groups[g].kind_room[1] = g == 1;
  assert_offer(&d, "c1", "Bo");
  assert_int_equal(d.record.agent_count, 1);
}

static void test_who_declined_is_not_asked_again(void **state) {
  (void)state;
  struct desk d;
  set_up(&d);
  const bool barred[3] = {false, false, true};
  struct rule_item *w = &d.items[d.view.item_count++];
  *w = desk_item(&d, "c1", CHAT, 0, 1);
  w->barred = barred;
  assert_offer(&d, "c1", "Bo");
}

static void test_equal_items_go_by_id(void **state) {
  (void)state;
  struct desk d;
  set_up(&d);
  d.items[d.view.item_count++] = desk_item(&d, "w2", CHAT, SECOND, 1);
  d.items[d.view.item_count++] = desk_item(&d, "w10", CHAT, SECOND, 1);
  assert_offer(&d, "w10", "Eve"); /* bytewise, as a sorted set has them */
}

/* An item that knows the agent passes the head of its own set when it is within the bonus. */
static void test_known_item_behind_the_head(void **state) {
  (void)state;
  struct desk d;
  set_up(&d);
  d.items[d.view.item_count++] = desk_item(&d, "w1", CHAT, 30 * SECOND, 1);
  struct rule_item *w = &d.items[d.view.item_count++];
  *w = desk_item(&d, "w2", CHAT, 20 * SECOND, 1);
  w->behind = true, w->known = slice_text("Eve"), w->known_group = 2, w->ln_known = 0.5;
  assert_offer(&d, "w2", "Eve");
  *w = desk_item(&d, "w2", CHAT, 0, 0.5);
  w->behind = true, w->known = slice_text("Eve"), w->known_group = 2, w->ln_known = 0.5;
  assert_offer(&d, "w1", "Eve");
}

/* ---- against a search of all pairs */

static bool room_after(const struct rule_group *g, const struct rule_queue *q, const struct rule_queue *taken) {
  int used = taken ? taken->units : 0, of_kind = taken && taken->kind == q->kind ? taken->units : 0;
  return g->room - used >= q->units && g->kind_room[q->kind] - of_kind >= q->units;
}

/* Another queue, not only another line of the same. */
static bool is_other(const struct desk *d, size_t a, size_t b) {
  return a != b && !slice_equal(d->queues[a].name, d->queues[b].name);
}

static bool may_take(const struct desk *d, const struct rule_item *w, size_t group) {
  const struct rule_group *g = &d->groups[group];
  const struct rule_queue *own = &d->queues[w->queue];
  if (g->ln_speed[w->queue] == RULE_LACKS || !room_after(g, own, NULL))
    return false;
  for (size_t q = 0; q < d->view.queue_count && w->set == RULE_PARKED; q++) {
    const struct rule_queue *other = &d->queues[q];
    bool lost = is_other(d, q, w->queue) && g->ln_speed[q] != RULE_LACKS && room_after(g, other, NULL) &&
                !room_after(g, other, own);
    if (lost && other->target_ms * 10 <= own->target_ms && other->able - 1 < other->keep)
      return false;
  }
  return true;
}

static double pair_cost(const struct desk *d, const struct rule_item *w, size_t group) {
  const struct rule_group *g = &d->groups[group];
  double price = 0;
  for (size_t q = 0; q < d->view.queue_count; q++)
    if (is_other(d, q, w->queue) && d->queues[q].real_time && g->ln_speed[q] != RULE_LACKS && room_after(g, &d->queues[q], NULL) &&
        !room_after(g, &d->queues[q], &d->queues[w->queue]))
      price += d->queues[q].scarcity / d->queues[q].able;
  return log(1 + d->weights.slowdown * (g->units - g->room) / g->units) - g->ln_speed[w->queue] -
         (group == w->known_group ? w->ln_known : 0) + 2 * price;
}

static double best_pair(const struct desk *d, const struct rule_item *w) {
  double best = -INFINITY, index = rule_index(&d->queues[w->queue], w->set, w->score);
  for (size_t g = 0; g < d->view.group_count; g++)
    if (may_take(d, w, g))
      best = fmax(best, index + d->groups[g].ln_speed[w->queue] + (g == w->known_group ? w->ln_known : 0));
  return best;
}

static void test_against_all_pairs(void **state) {
  (void)state;
  static struct desk d;
  size_t decided = 0;
  for (desk_seed = 1; decided < 20000;) {
    uint64_t before = desk_seed;
    random_desk(&d);
    int r = decide(&d);
    double best = -INFINITY;
    for (size_t i = 0; i < d.view.item_count; i++)
      best = fmax(best, best_pair(&d, &d.items[i]));
    if ((r == RULE_WAIT) != (best == -INFINITY))
      fail_msg("seed %llu: somebody who fits waits for somebody with room", (unsigned long long)before);
    if (r == RULE_WAIT)
      continue;
    decided++;
    const struct rule_item *w = &d.record.items[0].item;
    double cheapest = INFINITY;
    for (size_t g = 0; g < d.view.group_count; g++)
      if (may_take(&d, w, g))
        cheapest = fmin(cheapest, pair_cost(&d, w, g));
    if (fabs(d.record.items[0].index - best) > 1e-9 || fabs(d.record.agents[0].cost - cheapest) > 1e-9)
      fail_msg("seed %llu: index %g of %g, cost %g of %g", (unsigned long long)before, d.record.items[0].index, best,
               d.record.agents[0].cost, cheapest);
  }
}

/* A record in which any number is another does not give the decision again. */
static void test_replay_sees_what_was_changed(void **state) {
  (void)state;
  struct desk d;
  set_up(&d);
  d.items[d.view.item_count++] = desk_item(&d, "w1", CHAT, SECOND, 1);
  d.items[d.view.item_count++] = desk_item(&d, "w2", CHAT, 3 * SECOND, 1);
  d.groups[0].room = d.groups[1].room = 1;
  d.items[d.view.item_count++] = desk_item(&d, "m1", MAIL, 0, 1);
  assert_offer(&d, "w2", "Eve");
  double *numbers[] = {
      &d.record.items[0].index,      &d.record.items[1].item.score, &d.record.items[0].ln_speed,
      &d.record.items[0].ln_known,   &d.record.queues[CHAT].base,   &d.record.queues[CHAT].slope,
      &d.record.queues[CHAT].now_ms, &d.record.agents[0].cost,      &d.record.agents[1].price,
      &d.record.agents[0].crowded,   &d.record.agents[1].ln_speed,  &d.record.items[0].item.arrival_ms};
  for (size_t i = 0; i < COUNT(numbers); i++) {
    double kept = *numbers[i];
    *numbers[i] = kept + (kept == 0 ? 0.01 : kept / 1000);
    assert_int_equal(rule_replay(&d.record, NULL), RULE_DIFFERS);
    *numbers[i] = kept;
    assert_int_equal(rule_replay(&d.record, NULL), 0);
  }
  struct rule_item_row first = d.record.items[0];
  d.record.items[0] = d.record.items[1], d.record.items[1] = first;
  assert_int_equal(rule_replay(&d.record, NULL), RULE_DIFFERS);
}

/* More candidates than a record has rows: the best stay, the others are counted. */
static void test_many_candidates(void **state) {
  (void)state;
  static struct desk d;
  struct rule_item items[200];
  struct rule_group groups[100];
  static char ids[200][8];
  set_up(&d);
  for (size_t i = 0; i < COUNT(items); i++) {
    snprintf(ids[i], sizeof(ids[i]), "w%03zu", i);
    items[i] = desk_item(&d, ids[i], CHAT, (double)((i * 37) % COUNT(items)), 1);
  }
  for (size_t g = 0; g < COUNT(groups); g++) {
    groups[g] = desk_group(ids[g], d.ln_speed[2], 3, 3);
    groups[g].idle_since_ms = (double)((g * 37) % COUNT(groups));
  }
  for (size_t q = 0; q < QUEUES; q++)
    d.queues[q].able = 100;
  d.view.items = items, d.view.item_count = COUNT(items), d.view.groups = groups, d.view.group_count = COUNT(groups);
  assert_int_equal(rule_decide(&d.view, &d.record), 0);
  assert_int_equal(rule_replay(&d.record, NULL), 0);
  assert_int_equal(d.record.item_count + d.record.items_left, COUNT(items));
  assert_int_equal(d.record.agent_count + d.record.agents_left, COUNT(groups));
  for (size_t i = 0; i < RULE_RECORD_ITEMS; i++)
    assert_true(d.record.items[i].item.arrival_ms == d.queues[CHAT].now_ms - (double)(COUNT(items) - 1 - i));
  for (size_t g = 0; g < RULE_RECORD_AGENTS; g++)
    assert_true(d.record.agents[g].idle_since_ms == (double)g);
}

/* Cut off anywhere, or with any byte another: refused, or something that can be shown. */
static void test_damaged_text(void **state) {
  (void)state;
  struct desk d;
  struct rule_record again;
  struct buf text = BUF_INIT(1 << 16), words = BUF_INIT(1 << 16);
  size_t refused = 0;
  set_up(&d);
  d.items[d.view.item_count++] = desk_item(&d, "c1", CHAT, SECOND, 1);
  d.items[d.view.item_count++] = desk_item(&d, "m1", MAIL, 0, 1);
  d.groups[1] = d.groups[2];
  d.view.group_count = 2;
  assert_offer(&d, "c1", "Eve");
  assert_int_equal(rule_record_write(&d.record, &text), 0);
  desk_seed = 7;
  for (size_t i = 0; i < 40000; i++) {
    size_t len = i < text.len ? i : text.len, at = (size_t)desk_pick((int)text.len - 1);
    char *copy = malloc(len + 1), other = "\x1e\x1f 0-9nai.e,\xff"[desk_pick(13)];
    memcpy(copy, text.at, len);
    if (i >= text.len)
      copy[at] = other;
    int r = rule_record_read(slice_of(copy, len), &again);
    assert_true(r == 0 || r == -EINVAL);
    refused += r != 0;
    if (r == 0) {
      buf_clear(&words);
      int replayed = rule_replay(&again, NULL);
      assert_true(replayed == 0 || replayed == RULE_DIFFERS);
      assert_int_equal(rule_words(&again, &words), 0);
    }
    free(copy);
  }
  assert_true(refused > 1000);
  buf_free(&text), buf_free(&words);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_agent_who_is_least_needed),
      cmocka_unit_test(test_known_agent_is_preferred_when_free),
      cmocka_unit_test(test_reserve_keeps_agents_from_what_has_time),
      cmocka_unit_test(test_nobody_fits),
      cmocka_unit_test(test_capacity_by_kind),
      cmocka_unit_test(test_who_declined_is_not_asked_again),
      cmocka_unit_test(test_equal_items_go_by_id),
      cmocka_unit_test(test_known_item_behind_the_head),
      cmocka_unit_test(test_against_all_pairs),
      cmocka_unit_test(test_replay_sees_what_was_changed),
      cmocka_unit_test(test_many_candidates),
      cmocka_unit_test(test_damaged_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
